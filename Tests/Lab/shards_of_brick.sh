# shards_of_brick.sh BRICK - one line per volume of the brick's storage domain: its shards as number:bytes:links
cd "$1" || exit 1
for image in */images/*/*; do
  case $image in *.meta|*.lease) continue;; esac
  gfid=$(getfattr -e hex --absolute-names -n trusted.gfid "$image" | sed -n 's/.*=0x\(........\)\(....\)\(....\)\(....\)/\1-\2-\3-\4-/p')
  echo "${image#*/images/} 0:$(stat -c %s:%h "$image")" $(cd .shard 2>/dev/null && for shard in "$gfid".*; do
    [ -e "$shard" ] && echo "${shard##*.}:$(stat -c %s:%h "$shard")"; done | sort -n)
done
