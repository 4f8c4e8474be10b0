import { installOnce, type Report } from './install-cache.js';
import { python, runTool } from './run-tool.js';

const version = '1.43.11';

/** A folder for PYTHONPATH with boto3, Python's SDK of S3, and what it needs; installed when it is not yet there. */
export function installBoto3(report: Report): Promise<string> {
  return installOnce(`boto3-${version}`, report, async (target) => {
    report(`boto3 ${version}: installing, 15 MB`);
    const options = ['-q', '--disable-pip-version-check', '--only-binary', ':all:', '--target', target];
    await runTool(python, ['-m', 'pip', 'install', ...options, `boto3==${version}`]);
  });
}
