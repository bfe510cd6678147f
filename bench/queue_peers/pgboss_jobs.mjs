// pg-boss: bare no-op jobs in batches of 50. Usage: node pgboss_jobs.mjs COUNT; connects by PG* variables.
import { PgBoss } from "pg-boss";

const count = Number(process.argv[2]);
const { PGHOST, PGPORT, PGUSER, PGPASSWORD, PGDATABASE } = process.env;
const boss = new PgBoss({ host: PGHOST, port: Number(PGPORT), user: PGUSER, password: PGPASSWORD, database: PGDATABASE });
boss.on("error", console.error);
await boss.start();
await boss.createQueue("nothing");
for (let made = 0; made < count; made += 1000) {
  await boss.insert("nothing", Array.from({ length: Math.min(1000, count - made) }, () => ({ data: {} })));
}
let done = 0;
const began = performance.now();
while (done < count) {
  const jobs = await boss.fetch("nothing", { batchSize: 50 });
  if (jobs.length === 0) break;
  await boss.complete("nothing", jobs.map((job) => job.id));
  done += jobs.length;
}
console.log(JSON.stringify({ jobs: done, seconds: (performance.now() - began) / 1000 }));
process.exit(0);
