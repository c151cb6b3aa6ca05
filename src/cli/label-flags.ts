import * as Flags from '@oclif/core/flags';

/** Flags of every command that reads labels, whatever their format. */
export const labelFlags = {
  images: Flags.string({
    helpValue: 'DIR',
    description: 'where the images are (default: beside the labels)',
  }),
  format: Flags.string({
    helpValue: 'NAME',
    default: 'auto',
    description:
      'format of the labels, if looking is not enough: manifest, labelstudio, labelstudio-min, labels-json, ccpd, gt-txt, tsv, csv',
  }),
  field: Flags.string({
    helpValue: 'NAME',
    description: 'the field that holds the text, if there are several',
  }),
};
