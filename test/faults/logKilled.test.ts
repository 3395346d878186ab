// Every step of the durable log, each with a process that is killed in it: what the built test does with a stride.

process.env.KILL_STRIDE = '1'
await import('../server/sqliteLog.integration.test.ts')

export {}
