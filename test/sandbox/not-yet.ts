/** Recorded exchanges that the sandbox doesn't answer as Medplum did, each with the reason. The list may only shrink. */

function because(reason: string, ...names: string[]): Record<string, string> {
  return Object.fromEntries(names.map((name) => [name, reason]))
}

/** File, exchange, reason. */
export const notYet: Record<string, Record<string, string>> = {
  operations: {
    ...because('Of the operations that gather records, only $everything is there.', 'summary', 'match', 'csv', 'graph'),
    ...because(
      'There is no terminology service.',
      'expand',
      'expand-filter-count',
      'expand-unknown',
      'expand-without-url',
      'validate-code',
      'validate-code-wrong',
      'validate-code-without-system',
      'lookup',
      'lookup-unknown-system',
      'translate-without-map',
    ),
    ...because(
      'There is no scheduling: slots have to be searched and booked as plain resources.',
      'appointment-find',
      'schedule-find',
      'appointment-find-without-schedule',
      'appointment-find-range-too-long',
      'appointment-hold',
      'appointment-hold-taken',
      'appointment-confirm',
      'appointment-book',
      'appointment-book-taken',
      'appointment-book-outside-hours',
      'appointment-book-empty',
      'appointment-cancel',
    ),
    ...because(
      'Claims cannot be submitted.',
      'claim-submit-no-bot',
      'claim-submit-post-no-bot',
      'claim-submit-post-empty',
    ),
    ...because(
      'Agents have no operations.',
      'agent-push-no-wait',
      'agent-push-wait-timeout',
      'agent-push-missing-destination',
      'agent-push-bad-timeout',
      'agent-status',
      'agent-bulk-status',
      'agent-fetch-logs-offline',
      'agent-upgrade-offline',
      'agent-reload-config-offline',
    ),
    ...because('The quota can be read from the RateLimit header only.', 'rate-limits'),
  },
}
