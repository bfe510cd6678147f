// graphile-worker: bare no-op jobs. Usage: node graphile_jobs.mjs COUNT; connects by PG* variables.
import { runMigrations, runOnce, makeWorkerUtils } from "graphile-worker";

const count = Number(process.argv[2]);
const { PGHOST, PGPORT, PGUSER, PGPASSWORD, PGDATABASE } = process.env;
const connectionString = `postgres://${PGUSER}:${encodeURIComponent(PGPASSWORD)}@${PGHOST}:${PGPORT}/${PGDATABASE}`;
await runMigrations({ connectionString });
const utils = await makeWorkerUtils({ connectionString });
await utils.withPgClient((client) =>
  client.query("select graphile_worker.add_job('nothing', '{}') from generate_series(1, $1::int)", [count]),
);
await utils.release();
const began = performance.now();
await runOnce({
  connectionString,
  concurrency: 24,
  maxPoolSize: 25,
  logger: undefined,
  taskList: { nothing: async () => {} },
});
console.log(JSON.stringify({ jobs: count, seconds: (performance.now() - began) / 1000 }));
process.exit(0);
