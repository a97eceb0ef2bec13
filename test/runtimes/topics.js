// Runs topics one after the other and says how each of their tests went.

/** A topic is a module with `tests(given)`: pairs of a name and a function that throws where something is wrong, and may give a note. */
export async function runTopics(topics, only, given) {
  const results = [];
  for (const topic of only) {
    for (const [name, test] of topics[topic].tests(given)) {
      results.push(await outcome(`${topic}: ${name}`, test));
    }
  }
  return results;
}

export async function outcome(name, test) {
  const start = Date.now();
  try {
    const note = await test();
    const isNote = typeof note === 'string';
    return { name, ok: true, ms: Date.now() - start, ...(isNote ? { note } : {}) };
  } catch (error) {
    const said = error instanceof Error ? `${error.name}: ${error.message}\n${error.stack}` : error;
    return { name, ok: false, error: String(said), ms: Date.now() - start };
  }
}
