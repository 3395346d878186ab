// The guard with the tests' tokens, for a router that is served without the rest.

import { accessList } from '../../protocol/access.ts'
import { Guard } from '../../server/guard/guard.ts'
import { Tickets } from '../../server/guard/tickets.ts'
import { TOKENS } from './testServer.ts'

export const testGuard = (): Guard =>
  new Guard({
    access: accessList({ port: 1, hostNames: [], publicUrls: [] }),
    operatorToken: TOKENS.operator,
    viewerToken: TOKENS.viewer,
    ingestToken: TOKENS.ingest,
    tickets: new Tickets(),
  })
