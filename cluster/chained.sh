#!/bin/sh
# A CNI plugin that changes nothing: it stands at the end of the list, records what it was called with, and passes on the result of the
# plugins before it. "log" in its configuration names a directory. calls.log there gets a line for each call, which begins with the time;
# last.ADD and last.DEL get the whole input. If a file "fail" exists there, ADD fails with its text; while a file "wait" exists, ADD waits.
set -eu

if [ "$CNI_COMMAND" = VERSION ]; then
  echo '{"cniVersion":"1.0.0","supportedVersions":["0.4.0","1.0.0"]}'
  exit
fi

input=$(cat)
log=$(printf '%s' "$input" | jq -r .log)
mkdir -p "$log"
printf '%s\n' "$input" >"$log/last.$CNI_COMMAND"
printf '%s %s %s netns=%s if=%s args=%s\n' "$(date +%s.%3N)" "$CNI_COMMAND" "$CNI_CONTAINERID" "${CNI_NETNS:-}" "${CNI_IFNAME:-}" \
  "${CNI_ARGS:-}" >>"$log/calls.log"

[ "$CNI_COMMAND" = ADD ] || exit 0 # DEL, CHECK and newer commands have no output
while [ -e "$log/wait" ]; do sleep 0.05; done
if [ -e "$log/fail" ]; then
  jq -n --rawfile text "$log/fail" '{cniVersion: "1.0.0", code: 100, msg: $text}'
  exit 1
fi
printf '%s' "$input" | jq .prevResult
