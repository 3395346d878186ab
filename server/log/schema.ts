// The tables of a log's file, and how a file of an earlier version becomes one of this.

import { SwarmscopeError } from '../../protocol/errors.ts'
import type { Database } from './database.ts'

/** "SWSC": tells our files from other people's. */
const APPLICATION_ID = 0x53575343

export type Migration = (database: Database) => void

/**
 * Migration N makes version N + 1 out of version N; the first makes the tables. Never change one that was released: add
 * another. Entities and events need none of their own: each carries the version of what it says (protocol/upcast.ts).
 */
export const MIGRATIONS: readonly Migration[] = [
  (database) =>
    database.exec(`
      CREATE TABLE meta (key TEXT PRIMARY KEY, value) WITHOUT ROWID;
      -- One row a batch. marks: who is concerned (batchText.ts); it stands before body, which may be on pages of its own.
      CREATE TABLE batches (seq INTEGER PRIMARY KEY, at_ms INTEGER NOT NULL, events INTEGER NOT NULL, marks BLOB, body BLOB NOT NULL);
      CREATE INDEX batches_at ON batches (at_ms);
      -- The folded state: json is NULL for what ended.
      CREATE TABLE entities (ref TEXT PRIMARY KEY, rev INTEGER NOT NULL, incarnation INTEGER NOT NULL, revision INTEGER NOT NULL,
        source_id TEXT NOT NULL, v INTEGER NOT NULL, json TEXT);
      CREATE INDEX entities_ended ON entities (rev) WHERE json IS NULL;
      -- The whole state at a batch, compressed; events: how many there were in the log until then.
      CREATE TABLE keyframes (seq INTEGER PRIMARY KEY, at_ms INTEGER NOT NULL, events INTEGER NOT NULL, entities INTEGER NOT NULL, body BLOB NOT NULL);
      CREATE TABLE counts (bucket INTEGER NOT NULL, type TEXT NOT NULL, events INTEGER NOT NULL, PRIMARY KEY (bucket, type)) WITHOUT ROWID;
    `),
  // Before, ends were forgotten now and then, more than are remembered stayed, and with them went what a source had spoken in.
  (database) =>
    database.exec(`
      CREATE TABLE incarnations (source_id TEXT PRIMARY KEY, incarnation INTEGER NOT NULL) WITHOUT ROWID;
      INSERT INTO incarnations SELECT source_id, max(incarnation) FROM entities GROUP BY source_id;
      INSERT OR REPLACE INTO meta SELECT 'ended_floor', rev FROM entities WHERE json IS NULL
        ORDER BY rev DESC, rowid DESC LIMIT 1 OFFSET 20000;
      DELETE FROM entities WHERE json IS NULL AND rowid NOT IN (SELECT rowid FROM entities WHERE json IS NULL
        ORDER BY rev DESC, rowid DESC LIMIT 20000);
    `),
  // What sources remember themselves.
  (database) => database.exec('CREATE TABLE notes (key TEXT PRIMARY KEY, text TEXT NOT NULL) WITHOUT ROWID'),
]

/** Throws `LOG_NEWER` for a file that a newer Swarmscope wrote, and an `Error` for one that is not ours. */
export function migrate(database: Database, migrations: readonly Migration[] = MIGRATIONS): void {
  const version = database.pragmaNumber('user_version')
  if (version > migrations.length) {
    throw new SwarmscopeError('LOG_NEWER', {
      detail: `Its format is version ${version}, this Swarmscope knows up to ${migrations.length}`,
    })
  }
  const tables = database.prepare('SELECT count(*) FROM sqlite_master').number()
  if (tables !== 0 && database.pragmaNumber('application_id') !== APPLICATION_ID) {
    throw Object.assign(new Error('not an event log of Swarmscope'), { code: 'SQLITE_NOTADB' })
  }
  for (const [index, migration] of migrations.slice(version).entries()) {
    database.transaction(() => {
      migration(database)
      database.exec(`PRAGMA application_id = ${APPLICATION_ID}; PRAGMA user_version = ${version + index + 1}`)
    })
  }
}
