// `node floor.mjs put|get FILE`: one object sent or fetched in parts by the SDK alone, in one process, nothing verified: the
// least that moving these bytes takes. Bucket and endpoint come from OCRPIPE_BENCH_BUCKET and OCRPIPE_BENCH_ENDPOINT.
import { open } from 'node:fs/promises';
import {
  CompleteMultipartUploadCommand,
  CreateMultipartUploadCommand,
  GetObjectCommand,
  HeadObjectCommand,
  S3Client,
  UploadPartCommand,
} from '@aws-sdk/client-s3';

const PART_BYTES = 16 * 1024 * 1024;
/** As many as `--jobs` of push and pull. */
const AT_ONCE = 4;
const object = { Bucket: process.env.OCRPIPE_BENCH_BUCKET, Key: 'floor' };
const client = new S3Client({
  endpoint: process.env.OCRPIPE_BENCH_ENDPOINT,
  region: 'us-east-1',
  forcePathStyle: true,
  requestChecksumCalculation: 'WHEN_REQUIRED',
  responseChecksumValidation: 'WHEN_REQUIRED',
});
const [verb, path] = process.argv.slice(2);
await (verb === 'put' ? put(path) : get(path));

async function put(path) {
  const file = await open(path);
  const { size } = await file.stat();
  const { UploadId } = await client.send(new CreateMultipartUploadCommand(object));
  const Parts = await eachPart(size, async ({ number, start, end }) => {
    const Body = Buffer.allocUnsafe(end - start);
    await file.read(Body, 0, Body.length, start);
    const part = { ...object, UploadId, PartNumber: number, Body };
    const { ETag } = await client.send(new UploadPartCommand(part));
    return { ETag, PartNumber: number };
  });
  await client.send(new CompleteMultipartUploadCommand({ ...object, UploadId, MultipartUpload: { Parts } }));
  await file.close();
}

async function get(path) {
  const file = await open(path, 'w');
  const { ContentLength } = await client.send(new HeadObjectCommand(object));
  await eachPart(ContentLength, async ({ start, end }) => {
    const range = { ...object, Range: `bytes=${start}-${end - 1}` };
    const { Body } = await client.send(new GetObjectCommand(range));
    let at = start;
    for await (const chunk of Body) {
      await file.write(chunk, 0, chunk.length, at);
      at += chunk.length;
    }
  });
  await file.sync();
  await file.close();
}

/** Does every part, some at once; their results in order. */
async function eachPart(size, work) {
  const parts = Array.from({ length: Math.ceil(size / PART_BYTES) }, (_, index) => ({
    number: index + 1,
    start: index * PART_BYTES,
    end: Math.min(size, (index + 1) * PART_BYTES),
  }));
  const results = [];
  const waiting = parts.values();
  const lane = async () => {
    for (const part of waiting) results[part.number - 1] = await work(part);
  };
  await Promise.all(Array.from({ length: AT_ONCE }, lane));
  return results;
}
