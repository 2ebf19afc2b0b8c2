// The name of each access level and what it allows, as every page shows it.
import { LEVEL_NAME, type Level } from '../../access/access.ts'

/** What each level lets a client do, in a person's words. */
export const LEVEL_TEXT: Record<Level, { name: string; says: string }> = {
  read: { name: LEVEL_NAME.read, says: 'View and search records you have access to. No changes.' },
  write: { name: LEVEL_NAME.write, says: 'Also create and change records. Cannot delete.' },
  full: {
    name: LEVEL_NAME.full,
    says: 'Also delete records, run bots and agents, submit claims and run other operations.',
  },
  admin: {
    name: LEVEL_NAME.admin,
    says: 'Also administer the project: members, access, bots, settings and permanent deletion.',
  },
}
