// Draws the dashboard of the packaged template, with a day of runs against the embedded cloud: docs/dashboard.png.
import { writeFile } from 'node:fs/promises';
import { readDashboard } from './dashboard/dashboard.ts';
import { drawDashboard } from './dashboard/page.ts';
import { recordDay } from './dashboard/record-day.ts';

const [to = 'dashboard.html', template = '.serverless/cloudformation-template-update-stack.json'] =
  process.argv.slice(2);
const dashboard = await readDashboard(template);
process.stdout.write('Making the runs of a day: some four minutes\n');
const day = await recordDay(Date.now());
await writeFile(to, drawDashboard(dashboard, day));
process.stdout.write(`Wrote ${to}\n`);
