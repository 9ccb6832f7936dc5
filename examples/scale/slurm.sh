#!/bin/bash
# Trains on several machines of a Slurm cluster, one task a machine:
#   sbatch --nodes 4 examples/scale/slurm.sh -b 4096 -e 100 --run_dir /shared/runs/huse
# A task that is lost ends the others with status 75; the loop starts all of them again.
#SBATCH --job-name huse
#SBATCH --ntasks-per-node 1
#SBATCH --gpus-per-node 4
#SBATCH --requeue
set -u
port=$((20000 + SLURM_JOB_ID % 20000))
workers=$(scontrol show hostnames "$SLURM_JOB_NODELIST" |
    sed "s/.*/\"&:$port\"/" | paste -sd, -)
export workers

for attempt in $(seq 100); do
    srun --kill-on-bad-exit=0 bash -c '
        cluster="{\"worker\": [$workers]}"
        task="{\"type\": \"worker\", \"index\": $SLURM_PROCID}"
        export TF_CONFIG="{\"cluster\": $cluster, \"task\": $task}"
        exec python train.py --distribute workers "$@"' train "$@"
    status=$?
    # 0: done; 1: the input is wrong, and would be again: the log says what
    [ "$status" -gt 1 ] || exit "$status"
done
exit "$status"
