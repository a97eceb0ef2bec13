// The context that the modules of an updater share.

import type { Backend } from '../backend/backend.ts';
import { timeText } from '../release/members.ts';
import { createDevice, type Device } from './device.ts';
import type { UpdateEvent } from './events.ts';
import type { Settings } from './options.ts';
import type { DeviceState } from './state.ts';
import { createTransport, type Transport } from './transport.ts';

export interface UpdateContext {
  readonly settings: Settings;
  readonly device: Device;
  readonly transport: Transport;
  readonly emit: (event: UpdateEvent) => void;
  /** Changes the state, and emits the events `blocked` and `rolled-back` if the change blocks a release or rolls back. */
  act(
    transition: (state: DeviceState) => DeviceState | Promise<DeviceState>,
    wait?: number,
  ): Promise<DeviceState>;
}

export function createUpdateContext(
  settings: Settings,
  backend: Backend,
  emit: (event: UpdateEvent) => void,
): UpdateContext {
  const device = createDevice(settings, backend);
  return {
    settings,
    device,
    emit,
    transport: createTransport(settings, backend, emit),
    async act(transition, wait) {
      let before: DeviceState | undefined;
      const after = await device.change((state) => {
        before = state;
        return transition(state);
      }, wait);
      for (const event of changesOf(before as DeviceState, after)) emit(event);
      return after;
    },
  };
}

function* changesOf(before: DeviceState, after: DeviceState): Generator<UpdateEvent> {
  for (const blocked of after.blocked) {
    const { id, reason, at, until } = blocked;
    // Does not compare the reasons, because the reason of an older block may have been cut.
    if (before.blocked.some((one) => one.id === id && one.at === at && one.until === until)) {
      continue;
    }
    yield { type: 'blocked', id, reason, ...(until !== undefined && { until: timeText(until) }) };
  }
  const { running } = after;
  if (running !== before.running && running !== before.next) {
    yield { type: 'rolled-back', from: before.running, to: running };
  }
}
