// Fails on what CloudFormation would refuse: FATAL, ERROR, and W3030 (a value outside its enumeration).
import { RegoEngine, TemplateFile } from '@aws/cloudformation-validate';

const [path = '.serverless/cloudformation-template-update-stack.json'] = process.argv.slice(2);
const engine = new RegoEngine();
const { diagnostics } = engine.validateStandard(new TemplateFile(path));
engine.free();

function isFault(severity: string, ruleId: string): boolean {
  return /^(fatal|error)$/i.test(severity) || ruleId === 'W3030';
}

const faults = diagnostics.filter(({ ruleId, severity }) => isFault(severity, ruleId));
const bySeverity = Map.groupBy(diagnostics, ({ severity }) => severity);
for (const { message, ruleId, severity } of diagnostics) {
  if (!/^info/i.test(severity)) process.stdout.write(`${severity} ${ruleId}: ${message}\n`);
}
const counts = [...bySeverity].map(([severity, found]) => `${found.length} ${severity}`);
process.stdout.write(`${path}: ${counts.join(', ') || 'no findings'}; ${faults.length} faults\n`);
process.exitCode = faults.length > 0 ? 1 : 0;
