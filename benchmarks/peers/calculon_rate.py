"""How many executions a second Calculon evaluates: a time-boxed sample of its own exhaustive search, its logging silenced.

Usage: python calculon_rate.py CALCULON_FOLDER MODEL SECONDS, with a checkout of calculon-ai/calculon. Prints one line of JSON.
The tasks are those that its `llm-optimal-execution` makes for 4,096 processors, a batch of at most 4,096, float16 and
a100_80g, in an order shuffled by a fixed seed; the clock is read between tasks.
"""

from __future__ import annotations

import json
import logging
import random
import sys
import time
from pathlib import Path


def main(folder: Path, model: str, seconds: float) -> None:
    sys.path.insert(0, str(folder))
    import calculon
    from calculon.llm import Llm, System
    from calculon.llm.optimal_execution import OptimalExecution
    from calculon.util import pick

    logging.disable(logging.CRITICAL)
    make_logger = logging.getLogger
    app = Llm.Application(calculon.io.read_json_file(str(folder / "models" / f"{model}.json")))
    system = System(calculon.io.read_json_file(str(folder / "systems" / "a100_80g.json")))
    make_logger().setLevel(logging.CRITICAL)
    tasks = []
    for tp in Llm.get_all_tensor_parallelisms(4096, app.hidden, app.attn_heads):
        for pp in Llm.get_all_pipeline_parallelisms(4096, tp, app.num_blocks):
            dp = Llm.get_data_parallelism(4096, tp, pp)
            for chunks in Llm.get_valid_pipeline_interleavings(app.num_blocks, pp):
                batch = OptimalExecution.get_batch_size(dp, 4096)
                if batch is None:
                    continue
                for recompute in ("full", "attn_only", "none"):
                    for sharding in pick(dp > 1, [True, False], [False]):
                        for kind in ("ar", "p2p_rs_ag", "rs_ag"):
                            tasks.append((False, 1, False, 4096, 4096, "float16", app, system, tp, pp, dp, chunks, batch, recompute, sharding, kind, [True], False, True, True))
    random.Random(0).shuffle(tasks)
    began, cpu, evaluated, fitting, best = time.perf_counter(), time.process_time(), 0, 0, 0.0
    done = 0
    for task in tasks:
        found, count, good, _, _, _ = OptimalExecution.search(*task)
        evaluated, fitting, done = evaluated + count, fitting + good, done + 1
        best = max(best, found[0][0] if found else 0.0)
        if time.perf_counter() - began > seconds:
            break
    wall = time.perf_counter() - began
    print(
        json.dumps({"tasks": done, "of": len(tasks), "evaluated": evaluated, "fitting": fitting, "seconds": wall, "cpu_s": time.process_time() - cpu, "best_samples_per_s": best})
    )


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2], float(sys.argv[3]))
