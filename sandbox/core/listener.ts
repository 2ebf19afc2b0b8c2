/** The laboratory system that an agent sends to: receives HL7 messages over TCP, acknowledges and keeps them. */
import { Hl7Message } from '@medplum/core'
import { type Listening, listen } from './mllp.ts'

/** The `url` of a Device in a world that stands for this listener, whose port isn't known in advance. */
export const LISTENER_URL = 'mllp://localhost:0'

interface ReceivedMessage {
  /** ISO date and time. */
  received: string
  /** Segments end with CR. */
  message: string
  ack: string
}

export interface Listener extends Pick<Listening, 'close'> {
  url: string
  /** Oldest first. */
  messages: ReceivedMessage[]
}

export async function startListener(now: () => number): Promise<Listener> {
  const messages: ReceivedMessage[] = []
  const { port, close } = await listen((message) => {
    const ack = acknowledge(message)
    messages.push({ received: new Date(now()).toISOString(), message, ack })
    return ack
  })
  return { url: LISTENER_URL.replace(/0$/, String(port)), messages, close }
}

/** AA for a message with type and control id (MSH-9, MSH-10), AE for everything else. */
function acknowledge(message: string): string {
  const parsed = parse(message)
  const good = parsed?.header.getField(9)?.toString() && parsed.header.getField(10)?.toString()
  if (parsed) {
    return parsed.buildAck({ ackCode: good ? 'AA' : 'AE' }).toString()
  }
  return 'MSH|^~\\&|||||||ACK|0|P|2.5\rMSA|AE||Not an HL7 message'
}

function parse(message: string): Hl7Message | undefined {
  if (!message.startsWith('MSH|')) {
    return undefined
  }
  try {
    return Hl7Message.parse(message)
  } catch {
    return undefined
  }
}
