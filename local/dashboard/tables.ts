import { formatTime } from '../report/format.ts';
import type { Markup } from '../report/markup.ts';
import { drawTable } from '../report/page-table.ts';
import type { ShownLine } from './record-day.ts';

const maxRows = 7;
const ends = ['instance sync accepted', 'instance sync failed'];
const text = (value: unknown): string => (value === undefined ? '' : String(value));
const shortId = (id: string): string => `${id.slice(0, 8)}…${id.slice(-4)}`;

interface Row {
  readonly instanceId: string;
  readonly inSyncAt: number;
  readonly last: ShownLine;
  readonly failures: number;
}

/** What the query "failing longest" finds. */
const drawFailingLongest = (title: string, lines: readonly ShownLine[]): Markup => {
  const rows = [...byInstance(lines, ends)]
    .map(([instanceId, found]): Row => {
      const times = found
        .filter(({ fields }) => fields.message === 'instance sync accepted')
        .map(({ at }) => at);
      const last = found.reduce((a, b) => (b.at >= a.at ? b : a));
      const failures = found.length - times.length;
      return { instanceId, inSyncAt: Math.max(0, ...times), last, failures };
    })
    .filter(({ last }) => last.fields.message === 'instance sync failed')
    .sort((a, b) => a.inSyncAt - b.inSyncAt);
  return drawTable(
    title,
    [
      { title: 'instanceId', cell: ({ instanceId }: Row) => shortId(instanceId) },
      { title: 'lastInSync', cell: ({ inSyncAt }) => formatTime(new Date(inSyncAt)) },
      { title: 'failures', isNumber: true, cell: ({ failures }) => String(failures) },
      { title: 'code', cell: ({ last }) => text(last.fields.errCode) },
      { title: 'whatToDo', cell: ({ last }) => text(last.fields.advice) },
    ],
    rows.slice(0, maxRows),
  );
};

/** What the query "last result per instance" finds. */
const drawLastResults = (title: string, lines: readonly ShownLine[]): Markup => {
  const rows = [...byInstance(lines, [...ends, 'instance sync queued']).values()]
    .map((found) => found.reduce((a, b) => (b.at >= a.at ? b : a)))
    .sort((a, b) => b.at - a.at);
  return drawTable(
    title,
    [
      { title: '@timestamp', cell: ({ at }: ShownLine) => formatTime(new Date(at)) },
      { title: 'instanceId', cell: ({ fields }) => shortId(text(fields.instanceId)) },
      { title: 'message', cell: ({ fields }) => text(fields.message) },
      { title: 'errCode', cell: ({ fields }) => text(fields.errCode) },
    ],
    rows.slice(0, maxRows + 1),
  );
};

const byInstance = (
  lines: readonly ShownLine[],
  messages: readonly string[],
): Map<string, ShownLine[]> =>
  Map.groupBy(
    lines.filter(({ fields }) => messages.includes(text(fields.message))),
    ({ fields }) => text(fields.instanceId),
  );

/** By the title of the widget. */
export const tables: Readonly<
  Record<string, (title: string, lines: readonly ShownLine[]) => Markup>
> = {
  'Failing longest': drawFailingLongest,
  'Last result per instance': drawLastResults,
};
