// A freshly started demonstration for one journey: its own data, its own port, gone afterwards.

import { spawn } from 'node:child_process';
import { createWriteStream } from 'node:fs';
import { mkdir, mkdtemp, readFile, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

const HERE = fileURLToPath(new URL('.', import.meta.url));
const BINARY = process.env.CAUSEWAY_BINARY ?? join(HERE, '../../target/debug/causeway');
export const ARTIFACTS = join(HERE, 'artifacts');

const READY_WITHIN_MS = 120_000;
const LOOK_EVERY_MS = 100;
const STOP_WITHIN_MS = 10_000;
const LAST_LINES = 30;

/** Starts causeway and waits until it is ready. */
export async function startCauseway(name) {
  await mkdir(ARTIFACTS, { recursive: true });
  const data = await mkdtemp(join(tmpdir(), 'causeway-journey-'));
  const port = await freePort();
  const listen = `127.0.0.1:${port}`;
  const logFile = join(ARTIFACTS, `${name}.log`);
  const log = createWriteStream(logFile);
  const child = spawn(BINARY, ['serve', '--demo', '--data', data, '--listen', listen], {
    stdio: ['ignore', 'pipe', 'pipe'],
    cwd: join(HERE, '../..'),
    env: { ...process.env, CAUSEWAY__LOG__FILTER: 'info,store=warn' },
  });
  child.stdout.pipe(log, { end: false });
  child.stderr.pipe(log, { end: false });
  const ended = new Promise((resolve) => {
    child.once('error', resolve);
    child.once('exit', (code, signal) => resolve(new Error(`causeway ended (${code ?? signal})`)));
  });

  const causeway = {
    // The name that causeway calls itself by, so that cookies, keys and addresses agree.
    base: `http://localhost:${port}`,
    logFile,
    async lastLines() {
      const text = await readFile(logFile, 'utf8').catch(() => '');
      return text.split('\n').slice(-LAST_LINES).join('\n');
    },
    async stop() {
      child.kill('SIGTERM');
      const late = pause(STOP_WITHIN_MS, 'late', { ref: false });
      if ((await Promise.race([ended, late])) === 'late') child.kill('SIGKILL');
      await ended;
      log.end();
      await rm(data, { recursive: true, force: true });
    },
  };
  try {
    await ready(causeway.base, ended);
  } catch (error) {
    error.message += `\n${await causeway.lastLines()}`;
    await causeway.stop();
    throw error;
  }
  return causeway;
}

async function ready(base, ended) {
  let end = null;
  ended.then((error) => (end = error));
  const until = Date.now() + READY_WITHIN_MS;
  while (Date.now() < until) {
    if (end) throw end;
    const answer = await fetch(`${base}/readyz`).catch(() => null);
    if (answer?.ok) return;
    await pause(LOOK_EVERY_MS);
  }
  throw new Error(`causeway was not ready within ${READY_WITHIN_MS} ms`);
}

function freePort() {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address();
      server.close(() => resolve(port));
    });
  });
}
