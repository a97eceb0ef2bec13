// Makes the completion script for each shell from the places of `words.ts`.
//
// A script completes commands, options and fixed values. It leaves the names of files to the shell.

import type { CommandPlace, OptionWord, Word } from './words.ts';

export const SHELLS = ['bash', 'zsh', 'fish'] as const;
export type Shell = (typeof SHELLS)[number];

/** Makes the script for a shell. */
export function completionScript(shell: Shell, places: readonly CommandPlace[]): string {
  return { bash, zsh, fish }[shell](places);
}

/** A function and not an alias, because zsh completes the command that an alias stands for. */
const IF_NOT_ON_PATH =
  '# If bundleseal is not on the PATH, define it too: bundleseal() { npx bundleseal "$@"; }';

/** Quotes a text for all three shells. No text here has a backslash. */
function quoted(text: string): string {
  return `'${text.replaceAll("'", `'"'"'`)}'`;
}

/** Returns a description without the default, which would take a separate line in some shells. */
function short({ about }: Word): string {
  return about.replace(/ \(default: .*\)$/, '');
}

const namesOf = (words: readonly Word[]): string => words.map(({ word }) => word).join(' ');

/**
 * Makes patterns of a place and the next word that lead to another place: `/key` and `key/create`.
 */
function steps(places: readonly CommandPlace[], between: string): string {
  return places
    .filter(({ path }) => path !== '')
    .map(({ path }) => (path.includes(' ') ? path.replace(' ', '/') : `/${path}`))
    .join(between);
}

/**
 * Makes the loop of bash and zsh that finds the place of the cursor. Options, their values and operands do not change
 * the place.
 */
function findPlace(places: readonly CommandPlace[], typed: string): string {
  return `  for word in ${typed}; do
    case "$place/$word" in
      ${steps(places, ' | ')}) place="\${place:+$place }$word" ;;
    esac
  done`;
}

/** Makes the branches for the word after an option with a value. */
function valueBranches(
  places: readonly CommandPlace[],
  fixed: (values: readonly string[]) => string,
): string {
  return places
    .flatMap(({ path, options }) =>
      options
        .filter(({ takesValue }) => takesValue)
        .map(({ word, values }) => `    ${quoted(`${path} ${word}`)}) ${fixed(values)} ;;`),
    )
    .join('\n');
}

function bash(places: readonly CommandPlace[]): string {
  const offer = (words: string) =>
    `COMPREPLY=($(compgen -P "$start" -W ${quoted(words)} -- "$current"))`;
  const branches = places.map(
    ({ path, commands, options, operands }) =>
      `    ${quoted(path)})
      case "$current" in
        -*) ${offer(namesOf(options))} ;;
        *) ${offer([namesOf(commands), ...operands].join(' ').trim())} ;;
      esac ;;`,
  );
  return `# Completes bundleseal in bash. Made by "bundleseal completion bash".
${IF_NOT_ON_PATH}
_bundleseal() {
  local current="\${COMP_WORDS[COMP_CWORD]}" before="\${COMP_WORDS[COMP_CWORD - 1]}" place='' start='' word
  COMPREPLY=()
  # Bash makes three words of --option=value, or one word if COMP_WORDBREAKS has no "=".
  case "$current" in
    =) current='' ;;
    --*=*) before="\${current%%=*}" start="\${current%%=*}=" current="\${current#*=}" ;;
    *) if [ "$before" = = ]; then before="\${COMP_WORDS[COMP_CWORD - 2]}"; fi ;;
  esac
${findPlace(places, `"\${COMP_WORDS[@]:1:COMP_CWORD - 1}"`)}
  case "$place $before" in
${valueBranches(places, (values) => (values.length > 0 ? `${offer(values.join(' '))}; return` : 'return'))}
  esac
  case "$place" in
${branches.join('\n')}
  esac
}
complete -o bashdefault -o default -F _bundleseal bundleseal
`;
}

function zsh(places: readonly CommandPlace[]): string {
  const list = (words: readonly Word[]) =>
    words.map((one) => quoted(`${one.word.replaceAll(':', '\\:')}:${short(one)}`)).join(' ');
  const offer = (words: readonly Word[], otherwise = '_files') =>
    words.length > 0 ? `list=(${list(words)}); _describe bundleseal list` : otherwise;
  const branches = places.map(
    ({ path, commands, options, operands }) =>
      `    ${quoted(path)})
      case "$current" in
        -*) ${offer(options)} ;;
        *) ${offer([...commands, ...operands.map(plainWord)])} ;;
      esac ;;`,
  );
  return `#compdef bundleseal
# Completes bundleseal in zsh. Made by "bundleseal completion zsh".
${IF_NOT_ON_PATH}
_bundleseal() {
  local current="\${words[CURRENT]}" before="\${words[CURRENT-1]}" place='' word
  local -a list
  if [[ "$current" == --*=* ]]; then
    before="\${current%%=*}"
    current="\${current#*=}"
    compset -P '*='
  fi
${findPlace(places, `"\${(@)words[2,CURRENT-1]}"`)}
  case "$place $before" in
${valueBranches(places, (values) => `${offer(values.map(plainWord))}; return`)}
  esac
  case "$place" in
${branches.join('\n')}
  esac
}
if [ "\${funcstack[1]}" = _bundleseal ]; then _bundleseal "$@"; else compdef _bundleseal bundleseal; fi
`;
}

function plainWord(word: string): Word {
  return { word, about: word };
}

function fish(places: readonly CommandPlace[]): string {
  const complete = (path: string, rest: string) =>
    `complete -c bundleseal -n ${quoted(`__bundleseal_at ${path}`.trim())} ${rest}`;
  const optionLine = (path: string, { word, takesValue, values, ...rest }: OptionWord) => {
    const fixed = values.length > 0 ? ` -f -a ${quoted(values.join(' '))}` : '';
    const value = takesValue ? ` -r${fixed}` : '';
    return complete(path, `-l ${word.slice(2)}${value} -d ${quoted(short({ word, ...rest }))}`);
  };
  const lines = places.flatMap(({ path, commands, options, operands }) => [
    ...commands.map((one) => complete(path, `-f -a ${one.word} -d ${quoted(short(one))}`)),
    ...operands.map((word) => complete(path, `-f -a ${word}`)),
    ...options.map((option) => optionLine(path, option)),
  ]);
  return `# Completes bundleseal in fish. Made by "bundleseal completion fish".
# If bundleseal is not on the PATH, define it too: function bundleseal; npx bundleseal $argv; end
function __bundleseal_at
    set -l place ''
    for word in (commandline -opc)[2..-1]
        switch "$place/$word"
            case ${steps(places, ' ')}
                set place (string trim "$place $word")
        end
    end
    test "$place" = "$argv"
end
${lines.join('\n')}
`;
}
