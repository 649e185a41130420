import { describe, expect, it } from 'vitest';
import { createProcess } from './cloud/process.ts';
import { createSqs, receiptOf, type SqsOptions } from './cloud/sqs.ts';
import { createSeededRandom } from './random.ts';
import { createScheduler } from './scheduler.ts';

function createQueue(options: Partial<SqsOptions> = {}) {
  const scheduler = createScheduler();
  const queue = createSqs({
    ...{ name: 'queue', scheduler, random: createSeededRandom(1), maxReceives: 5 },
    ...{ onDead: () => {}, onSize: () => {}, ...options },
  });
  return { queue, scheduler };
}

describe('the model of SQS', () => {
  it('keeps a message back for its delay', async () => {
    const { queue, scheduler } = createQueue();
    queue.send('late', 60);
    let readyAt = 0;
    queue.onReady = () => {
      readyAt = scheduler.now();
    };
    await scheduler.run();

    expect(readyAt).toBe(60_000);
  });

  it('delivers again after the visibility timeout, or when it was told to', async () => {
    const { queue, scheduler } = createQueue();
    const received: string[] = [];
    queue.onReady = () => {
      for (const message of queue.receive(10)) {
        received.push(`${message.receiveCount} at ${scheduler.now()}`);
        if (message.receiveCount === 1) queue.delay(receiptOf(message), 7);
        if (message.receiveCount === 3) queue.remove(message);
      }
    };
    queue.send('again', 0);
    await scheduler.run();

    expect(received).toEqual(['1 at 0', '2 at 7000', '3 at 367000']);
    expect(queue.size()).toBe(0);
  });

  it('moves a message to the dead ones after five receives', async () => {
    const dead: number[] = [];
    const { queue, scheduler } = createQueue({
      onDead: ({ receiveCount }) => dead.push(receiveCount),
    });
    queue.onReady = () => void queue.receive(10);
    queue.send('dies', 0);
    await scheduler.run();

    expect(dead).toEqual([5]);
    expect(queue.size()).toBe(0);
  });

  it('has one message of a group in flight, and keeps their order', () => {
    const { queue } = createQueue({ isFifo: true });
    const fifo = { groupId: 'group', deduplicationId: '' };
    queue.send('1', 0, { ...fifo, deduplicationId: 'a' });
    queue.send('2', 0, { ...fifo, deduplicationId: 'b' });
    queue.send('other', 0, { groupId: 'other', deduplicationId: 'a' });
    const [first] = queue.receive(1);
    const rest = queue.receive(1);

    expect(first?.body).toBe('1');
    expect(rest.map(({ body }) => body)).toEqual(['other']);
    expect(queue.receive(10)).toEqual([]);
    if (first) queue.remove(first);
    expect(queue.receive(10).map(({ body }) => body)).toEqual(['2']);
  });

  it('drops what has a deduplication id of the last five minutes', async () => {
    const { queue, scheduler } = createQueue({ isFifo: true });
    const fifo = { groupId: 'group', deduplicationId: 'same' };
    queue.send('1', 0, fifo);
    queue.send('2', 0, fifo);
    scheduler.after(300_001, () => queue.send('3', 0, fifo));
    await scheduler.run();

    expect([...queue.messages()].map(({ body }) => body)).toEqual(['1', '3']);
  });

  it('delivers a message once more after a deletion, now and then', async () => {
    const { queue, scheduler } = createQueue({ duplicates: 0.5 });
    let received = 0;
    queue.onReady = () => {
      for (const message of queue.receive(10)) {
        received += 1;
        queue.remove(message);
      }
    };
    for (let number = 0; number < 20; number += 1) queue.send('twice', 0);
    await scheduler.run();

    expect(received).toBeGreaterThan(20);
    expect(queue.size()).toBe(0);
  });
});

describe('the model of a process', () => {
  it('does nothing once it is dead', async () => {
    const scheduler = createScheduler();
    const process = createProcess(scheduler);
    const done: string[] = [];
    void process.clock.sleep(10).then(() => done.push('before'));
    void process.clock.sleep(30).then(() => done.push('after'));
    scheduler.after(20, () => process.kill());
    await scheduler.run();

    expect(done).toEqual(['before']);
  });

  it('dies right after an effect, before it learns of the answer', async () => {
    const process = createProcess(createScheduler());
    let died = 0;
    process.dieAfter(2, () => {
      died += 1;
    });
    process.didSomething();
    expect(process.state()).toBe('running');
    process.didSomething();

    expect(process.state()).toBe('dead');
    expect(died).toBe(1);
  });

  it('wakes up late when it was frozen', async () => {
    const scheduler = createScheduler();
    const process = createProcess(scheduler);
    let wokenAt = 0;
    void process.clock.sleep(10).then(() => {
      wokenAt = scheduler.now();
    });
    process.freeze();
    scheduler.after(500, () => process.thaw());
    await scheduler.run();

    expect(wokenAt).toBe(500);
  });

  it('sleeps at least a millisecond, and no longer than its signal lets it', async () => {
    const scheduler = createScheduler();
    const { clock } = createProcess(scheduler);
    const woken: string[] = [];
    const stop = new AbortController();
    void clock.sleep(0.001).then(() => woken.push(`short ${clock.monotonic()}`));
    void clock.sleep(1_000, stop.signal).then(() => woken.push(`aborted ${clock.monotonic()}`));
    scheduler.after(5, () => stop.abort());
    await scheduler.run();

    expect(woken).toEqual(['short 1', 'aborted 5']);
  });
});
