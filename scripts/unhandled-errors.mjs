// A reporter of vitest that keeps what failed outside of any test, which the JSON report has no place for: a list of texts in the file of
// OCRPIPE_UNHANDLED_ERRORS.
import { writeFileSync } from 'node:fs';

export default class UnhandledErrors {
  onTestRunEnd(_modules, errors) {
    const texts = errors.map(({ stack, message, VITEST_TEST_PATH: file }) =>
      [...(file === undefined ? [] : [`while ${file} ran`]), stack ?? message].join('\n'),
    );
    writeFileSync(process.env.OCRPIPE_UNHANDLED_ERRORS, JSON.stringify(texts));
  }
}
