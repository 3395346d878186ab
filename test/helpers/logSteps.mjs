// A child process that does one thing with a log's file, in its main thread, so that each step can be counted: opens and
// closes it, makes the keyframe that is due, tidies, or makes a backup. Prints when it is done.

import { writeSync } from 'node:fs'
import { backUp } from '../../dist/node/server/log/backup.js'
import { LogFile } from '../../dist/node/server/log/logFile.js'

const [what, path, argument] = process.argv.slice(2)
if (what === 'backup') backUp(path, argument)
else {
  const file = new LogFile({ path, bootId: 'boot' })
  if (what === 'keyframe') await file.keyframe()
  if (what === 'tidy') while (file.tidy(Number(argument)));
  file.close()
}
writeSync(1, 'done')
