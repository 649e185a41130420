// Fails on what CloudFormation would refuse: FATAL, ERROR, and W3030 (a value outside its enumeration).
import { RegoEngine, TemplateFile } from '@aws/cloudformation-validate';

const packaged = '.serverless/cloudformation-template-update-stack.json';
const paths = process.argv.slice(2);
const engine = new RegoEngine();
for (const path of paths.length > 0 ? paths : [packaged]) {
  if (countFaults(path) > 0) process.exitCode = 1;
}
engine.free();

function countFaults(path: string): number {
  const { diagnostics } = engine.validateStandard(new TemplateFile(path));
  const faults = diagnostics.filter(({ ruleId, severity }) => isFault(severity, ruleId));
  const bySeverity = Map.groupBy(diagnostics, ({ severity }) => severity);
  for (const { message, ruleId, severity } of diagnostics) {
    if (!/^info/i.test(severity)) process.stdout.write(`${severity} ${ruleId}: ${message}\n`);
  }
  const counts = [...bySeverity].map(([severity, found]) => `${found.length} ${severity}`);
  const summary = counts.join(', ') || 'no findings';
  process.stdout.write(`${path}: ${summary}; ${faults.length} faults\n`);
  return faults.length;
}

function isFault(severity: string, ruleId: string): boolean {
  return /^(fatal|error)$/i.test(severity) || ruleId === 'W3030';
}
