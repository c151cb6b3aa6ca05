import type { Plane } from './warp.js';

/** How colours change; without colour (one channel) nothing does. */
export interface ColourChange {
  /** Turns the circle of hues, in degrees. */
  hue: number;
  /** 1 leaves colours as they are, 0 takes them away, more makes them stronger. */
  saturation: number;
}

/** Luma and the two axes of colour of YIQ (NTSC 1953): brightness as eyes see it stays while colours turn. */
const TO_YIQ = [0.299, 0.587, 0.114, 0.5959, -0.2746, -0.3213, 0.2115, -0.5227, 0.3112] as const;

/** Changes the colours of an image of three channels in place. */
export function changeColours({ data, channels }: Plane, { hue, saturation }: ColourChange): void {
  if (channels !== 3 || (hue === 0 && saturation === 1)) return;
  const angle = (hue * Math.PI) / 180;
  const [cos, sin] = [saturation * Math.cos(angle), saturation * Math.sin(angle)];
  const [yr, yg, yb, ir, ig, ib, qr, qg, qb] = TO_YIQ;
  for (let at = 0; at < data.length; at += 3) {
    const [red, green, blue] = [data[at]!, data[at + 1]!, data[at + 2]!];
    const luma = yr * red + yg * green + yb * blue;
    const inPhase = ir * red + ig * green + ib * blue;
    const quadrature = qr * red + qg * green + qb * blue;
    const i = cos * inPhase - sin * quadrature;
    const q = sin * inPhase + cos * quadrature;
    data[at] = luma + 0.956 * i + 0.619 * q;
    data[at + 1] = luma - 0.272 * i - 0.647 * q;
    data[at + 2] = luma - 1.106 * i + 1.703 * q;
  }
}
