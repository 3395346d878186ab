// Preloaded into a child process and its workers: kills the process before or after the Nth thing that is asked of
// SQLite, however deep in it, or the Nth file that gets its name.

const fs = require('node:fs')
const { syncBuiltinESMExports } = require('node:module')
const Libsql = require('libsql')

const killAt = Number(process.env.KILL_AT)
let count = 0

function step(work) {
  if (++count === killAt) process.kill(process.pid, 'SIGKILL')
  return work()
}

const { renameSync } = fs
fs.renameSync = (...paths) => step(() => renameSync(...paths))
syncBuiltinESMExports()

const { exec, prepare } = Libsql.prototype
Libsql.prototype.exec = function (sql) {
  return step(() => exec.call(this, sql))
}
Libsql.prototype.prepare = function (sql) {
  const statement = prepare.call(this, sql)
  const { run, iterate } = statement
  statement.run = (...values) => step(() => run.apply(statement, values))
  statement.iterate = (...values) => step(() => iterate.apply(statement, values))
  return statement
}
