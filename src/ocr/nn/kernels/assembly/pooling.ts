/** Maximum pooling without padding over [batch, height, width, channels]. Sizes in floats, pointers in bytes. */
import { zeroFloats } from './simd';

export function maxPoolForward(
  x: usize,
  out: usize,
  batch: usize,
  height: usize,
  width: usize,
  channels: usize,
  poolHeight: usize,
  poolWidth: usize,
  strideDown: usize,
  strideAcross: usize,
  outHeight: usize,
  outWidth: usize,
): void {
  const pixel = channels << 2;
  let to = out;
  for (let image: usize = 0; image < batch; image++) {
    for (let i: usize = 0; i < outHeight; i++) {
      for (let j: usize = 0; j < outWidth; j++) {
        const corner = x + ((image * height + i * strideDown) * width + j * strideAcross) * pixel;
        let c: usize = 0;
        for (; c + 4 <= channels; c += 4, to += 16) {
          let largest = v128.load(corner + (c << 2));
          for (let p: usize = 0; p < poolHeight; p++)
            for (let q: usize = 0; q < poolWidth; q++)
              largest = f32x4.max(largest, v128.load(corner + (p * width + q) * pixel + (c << 2)));
          v128.store(to, largest);
        }
        for (; c < channels; c++, to += 4) {
          let largest = load<f32>(corner + (c << 2));
          for (let p: usize = 0; p < poolHeight; p++)
            for (let q: usize = 0; q < poolWidth; q++)
              largest = max<f32>(largest, load<f32>(corner + (p * width + q) * pixel + (c << 2)));
          store<f32>(to, largest);
        }
      }
    }
  }
}

/** dx: each window hands its gradient to the first of its largest inputs; y is the pooling's output. */
export function maxPoolGradient(
  x: usize,
  y: usize,
  dy: usize,
  dx: usize,
  batch: usize,
  height: usize,
  width: usize,
  channels: usize,
  poolHeight: usize,
  poolWidth: usize,
  strideDown: usize,
  strideAcross: usize,
  outHeight: usize,
  outWidth: usize,
): void {
  const pixel = channels << 2;
  const overlap = strideDown < poolHeight || strideAcross < poolWidth;
  const covers =
    !overlap &&
    poolHeight == strideDown &&
    poolWidth == strideAcross &&
    outHeight * strideDown == height &&
    outWidth * strideAcross == width;
  if (!covers) zeroFloats(dx, batch * height * width * channels);
  let from: usize = 0;
  for (let image: usize = 0; image < batch; image++) {
    for (let i: usize = 0; i < outHeight; i++) {
      for (let j: usize = 0; j < outWidth; j++) {
        const corner = ((image * height + i * strideDown) * width + j * strideAcross) * pixel;
        let c: usize = 0;
        for (; c + 4 <= channels; c += 4, from += 16) {
          const largest = v128.load(y + from),
            gradient = v128.load(dy + from);
          let open = i32x4.splat(-1);
          for (let p: usize = 0; p < poolHeight; p++) {
            for (let q: usize = 0; q < poolWidth; q++) {
              const at = corner + (p * width + q) * pixel + (c << 2);
              const here = v128.and(open, f32x4.eq(v128.load(x + at), largest));
              open = v128.andnot(open, here);
              let part = v128.and(here, gradient);
              if (overlap) part = f32x4.add(part, v128.load(dx + at));
              v128.store(dx + at, part);
            }
          }
        }
        for (; c < channels; c++, from += 4) {
          const largest = load<f32>(y + from),
            gradient = load<f32>(dy + from);
          let open = true;
          for (let p: usize = 0; p < poolHeight; p++) {
            for (let q: usize = 0; q < poolWidth; q++) {
              const at = corner + (p * width + q) * pixel + (c << 2);
              const here = open && load<f32>(x + at) == largest;
              if (here) open = false;
              const part: f32 = here ? gradient : 0;
              store<f32>(dx + at, overlap ? load<f32>(dx + at) + part : part);
            }
          }
        }
      }
    }
  }
}
