#!/bin/bash
# Runs an audit of four parts on a real Slurm, on this machine alone: installs Debian's packages if they are missing, starts
# munge, slurmctld and slurmd in a folder of their own, submits audit.sbatch as an array job, kills the program of one task
# on its way, merges the parts and compares every byte with a run of one part. docs/scale.md holds the result.
#
#     sudo scripts/slurm.sh [PROGRAM]        PROGRAM: target/release/liquid-lane unless given
set -euo pipefail

scripts=$(cd "$(dirname "$0")" && pwd)
program=$(realpath "${1:-$scripts/../target/release/liquid-lane}")
audit=(all --policies ncp,cnn --roads 1 --seconds 2)
shards=4
# This task is killed when its journal has this many lines.
victim=2
lines_before_kill=20

[ "$(id -u)" = 0 ] || { echo "run it as root: slurmctld, slurmd and munged are started here"; exit 2; }
[ -x "$program" ] || { echo "no program at $program: build it with 'cargo build --release'"; exit 2; }
if ! command -v slurmctld slurmd munged > /dev/null; then
    apt-get update > /dev/null
    DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends slurm-wlm munge > /dev/null
fi

folder=$(mktemp -d)
daemons=()
end() {
    for daemon in "${daemons[@]}"; do kill "$daemon" 2> /dev/null || true; done
    wait
    rm -rf "$folder"
}
trap end EXIT

# Nothing of the machine's own Slurm or munge is read or written: other key, sockets and ports.
node=$(hostname -s)
mkdir -p "$folder"/{state,spool,work}
chmod 755 "$folder"
dd if=/dev/urandom of="$folder/munge.key" bs=1024 count=1 status=none
chmod 400 "$folder/munge.key"
cat > "$folder/slurm.conf" << CONF
ClusterName=one-machine
SlurmctldHost=$node(localhost)
SlurmctldPort=16817
SlurmdPort=16818
SlurmUser=root
SlurmdUser=root
AuthType=auth/munge
AuthInfo=socket=$folder/munge.socket
StateSaveLocation=$folder/state
SlurmdSpoolDir=$folder/spool
SlurmctldPidFile=$folder/slurmctld.pid
SlurmdPidFile=$folder/slurmd.pid
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
JobAcctGatherType=jobacct_gather/none
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU
SchedulerParameters=sched_interval=2
ReturnToService=2
MpiDefault=none
NodeName=$node NodeAddr=localhost CPUs=$(nproc) State=UNKNOWN
PartitionName=all Nodes=$node Default=YES MaxTime=INFINITE State=UP
CONF
export SLURM_CONF="$folder/slurm.conf"

munged --foreground --force --key-file="$folder/munge.key" --socket="$folder/munge.socket" \
    --pid-file="$folder/munge.pid" --seed-file="$folder/munge.seed" --log-file="$folder/munge.log" 2> /dev/null &
daemons+=($!)
until [ -S "$folder/munge.socket" ]; do sleep 0.2; done
slurmctld -D > "$folder/slurmctld.log" 2>&1 &
daemons+=($!)
slurmd -D -N "$node" > "$folder/slurmd.log" 2>&1 &
daemons+=($!)

# Runs a command until its output holds a word; ends the script with the logs after two minutes.
await() {
    local word=$1
    shift
    for _ in $(seq 600); do
        if "$@" 2> /dev/null | grep --quiet --word-regexp "$word"; then return; fi
        sleep 0.2
    done
    tail -n 20 "$folder"/*.log "$folder"/work/slurm-*.out
    echo "not seen within two minutes: '$word' in the output of '$*'"
    exit 1
}
await idle sinfo --noheader --format %T
echo "Slurm $(slurmctld -V | cut -d ' ' -f 2) on one node of $(nproc) processors"

cd "$folder/work"
ln -s "$program" liquid-lane
job=$(sbatch --parsable --array="1-$shards" --cpus-per-task=1 "$scripts/audit.sbatch" "${audit[@]}")

journal="parts/shard-$victim-of-$shards.jsonl"
journal_lines() { wc --lines < "$journal"; }
until [ -f "$journal" ] && [ "$(journal_lines)" -ge "$lines_before_kill" ]; do sleep 0.02; done
task=$(pgrep --full --newest "^[^ ]*liquid-lane audit .*--shard $victim/$shards")
kill -KILL "$task"
killed_at=$(journal_lines)
head --lines "$killed_at" "$journal" > before-kill
echo "task $victim of $shards was killed with $killed_at lines in its journal"

# The array is gone from the queue when every task has ended.
for _ in $(seq 3000); do
    [ -n "$(squeue --noheader --jobs "$job" 2> /dev/null)" ] || break
    sleep 0.2
done
restarts=$(scontrol show job "${job}_$victim" | grep --only-matching 'Restarts=[0-9]*')
states=$(scontrol show job "$job" | grep --only-matching 'JobState=[A-Z]*' | sort | uniq --count | xargs)
echo "the array job has ended: $states; task $victim: $restarts"
[ "$restarts" = "Restarts=1" ]
[ "$states" = "$shards JobState=COMPLETED" ]

head --lines "$killed_at" "$journal" | cmp - before-kill
echo "what it had done before was not done again: the first $killed_at lines of its journal are as they were"

# Code 1 says that a policy was found wanting; so does the report.
./liquid-lane audit merge parts --out merged > merged.txt || [ $? = 1 ]
./liquid-lane audit "${audit[@]}" --out whole > whole.txt || [ $? = 1 ]
rm -f merged/*.jsonl whole/*.jsonl
diff --recursive merged whole
files=$(find whole -type f | wc --lines)
bytes=$(find whole -type f -printf '%s\n' | awk '{ sum += $1 } END { print sum }')
echo "the merged report is that of one run: $files files, $bytes bytes, none differs"
