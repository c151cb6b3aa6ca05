/** An image that takes long to draw: one path of so many lines, 100,000 times. 20 are some seconds, 2,000 many minutes. */
export function slowImage(lines: number): string {
  const path = Array.from({ length: lines }, (_, i) => `L${(i * 7919) % 900} ${(i * 104729) % 900}`).join('');
  const tenTimes = (level: number): string => `<use href="#g${level - 1}"/>`.repeat(10);
  const groups = [1, 2, 3, 4, 5].map((level) => `<g id="g${level}">${tenTimes(level)}</g>`);
  const drawn = `<defs><path id="g0" d="M0 0${path}"/>${groups.join('')}</defs><use href="#g5" stroke="black"/>`;
  return `<svg xmlns="http://www.w3.org/2000/svg" width="900" height="900">${drawn}</svg>`;
}
