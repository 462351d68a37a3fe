#include "tests/sim/sim_options.h"

#include <fmt/format.h>

namespace kt::sim {
namespace {

using std::chrono::milliseconds;

/// Off in four of ten schedules, else up to `most`.
unsigned swarm(Random& random, unsigned most) {
  const bool on = random.chance(600);
  const auto value = static_cast<unsigned>(1 + random.below(most));
  return on ? value : 0;
}

Duration up_to(Random& random, std::uint64_t millis) {
  return milliseconds(random.below(millis) + 1);
}

}  // namespace

SimOptions SimOptions::draw(std::uint64_t seed) {
  Random random(seed * 0x9e3779b97f4a7c15ULL + 1);
  SimOptions o;
  o.seed = seed;
  o.workers = 1 + static_cast<int>(random.below(3));
  o.shards = 1 + static_cast<int>(random.below(3));
  o.keys = 1 + static_cast<int>(random.below(12));
  o.exclusive = o.workers == 1 && random.chance(500);
  o.sqlite = random.chance(250);
  o.latest = random.chance(400);
  o.outage = random.chance(30);
  o.batch_max = 1 + static_cast<int>(random.below(12));
  o.window = random.chance(200) ? up_to(random, 500) : Duration(0);
  o.chaos = milliseconds(8000 + random.below(12000));
  o.detector_poll = milliseconds(500 + random.below(5000));
  o.handler_timeout = milliseconds(500 + random.below(3000));
  o.checkpoint_interval = random.chance(150) ? milliseconds(1000) : milliseconds(0);
  o.transition = random.chance(300) ? up_to(random, 1500) : Duration(0);
  o.put_pause_max = milliseconds(100 + random.below(500));
  o.put_batch_max = 1 + static_cast<int>(random.below(8));
  o.listing_page = random.chance(500) ? 1 + static_cast<int>(random.below(3)) : 1000;
  o.reshard_per_mille = swarm(random, 80);
  o.crash_per_mille = swarm(random, 60);
  o.stop_per_mille = swarm(random, 25);
  o.stall_per_mille = swarm(random, 30);
  o.stall_max = up_to(random, 7000);
  o.drift_per_mille = static_cast<int>(swarm(random, 20));
  o.api_latency = up_to(random, random.chance(200) ? 800 : 40);
  o.api_fail_per_mille = swarm(random, 60);
  o.expire_per_mille = swarm(random, 60);
  o.stale_per_mille = swarm(random, 300);
  o.table_latency = up_to(random, random.chance(200) ? 700 : 20);
  o.table_fail_per_mille = swarm(random, 80);
  o.table_lost_per_mille = swarm(random, 80);
  o.guest_fail_per_mille = swarm(random, 200);
  o.guest_slow_per_mille = swarm(random, 60);
  o.guest_time = up_to(random, 60);
  o.table_down_per_mille = swarm(random, 25);
  o.no_next_per_mille = swarm(random, 10);
  o.no_children_per_mille = swarm(random, 500);
  o.tight_memory = random.chance(150);
  o.fan_out = random.chance(300);
  o.push_life = up_to(random, random.chance(500) ? 8000 : 300'000);
  o.push_silence_per_mille = swarm(random, 3);
  o.push_break_per_mille = swarm(random, 10);
  o.push_refused_per_mille = swarm(random, 100);
  if (!o.exclusive && random.chance(200))
    o.workers += 2;
  o.dynamodb = !o.exclusive && !o.sqlite && random.chance(500);
  o.lanes = random.chance(500) ? 2 + static_cast<int>(random.below(7)) : 1;
  o.retries_max = random.chance(500) ? static_cast<int>(random.below(4)) : -1;
  o.age_max = random.chance(150) ? milliseconds(2000 + random.below(8000)) : milliseconds(0);
  o.bisect = random.chance(400);
  o.poison_per_mille = o.retries_max >= 0 ? swarm(random, 60) : 0;
  o.partial_per_mille = swarm(random, 700);
  o.destination_fail_per_mille = swarm(random, 500);
  o.hang_per_mille = swarm(random, 6);
  o.waiting_keys = random.chance(350);
  o.spill_keys_max = 1 + static_cast<int>(random.below(8));
  o.spill_records_max = 2 + static_cast<int>(random.below(60));
  if (o.waiting_keys && o.retries_max < 0)
    o.poison_per_mille = swarm(random, 60);
  // A window goes with one lane and no waiting keys; what retention takes away is not missed in it.
  const bool windows = o.lanes == 1 && !o.waiting_keys && !o.outage && random.chance(500);
  o.tumbling = windows ? milliseconds(500 + random.below(5000)) : milliseconds(0);
  o.swap_per_mille = swarm(random, 120);
  return o;
}

std::string SimOptions::describe() const {
  const auto ms = [](Duration d) { return std::chrono::duration_cast<milliseconds>(d).count(); };
  std::string text = fmt::format(
      "seed={} workers={} shards={} keys={} {} table={} start={} outage={} batch={} window={} "
      "chaos={} detector={} handler_timeout={} checkpoint_interval={} transition={} put<={}/{}ms "
      "page={} reshard={} crash={} stop={} stall={}<={}ms drift={} api={}ms fail={} expire={} "
      "stale={} table={}ms fail={} lost={} guest={}ms fail={} slow={} table_down={} no_next={} "
      "no_children={} tight_memory={} fan_out={} push_life={}ms silence={} break={} refused={} "
      "lanes={} retries={} age={}ms bisect={} poison={} partial={} destination_fail={} hang={} "
      "tumbling={}",
      seed, workers, shards, keys, exclusive ? "exclusive" : "shared",
      dynamodb ? "dynamodb" : (sqlite ? "sqlite" : "memory"), latest ? "LATEST" : "TRIM_HORIZON",
      outage, batch_max, ms(window), ms(chaos), ms(detector_poll), ms(handler_timeout),
      ms(checkpoint_interval), ms(transition), put_batch_max, ms(put_pause_max), listing_page,
      reshard_per_mille, crash_per_mille, stop_per_mille, stall_per_mille, ms(stall_max),
      drift_per_mille, ms(api_latency), api_fail_per_mille, expire_per_mille, stale_per_mille,
      ms(table_latency), table_fail_per_mille, table_lost_per_mille, ms(guest_time),
      guest_fail_per_mille, guest_slow_per_mille, table_down_per_mille, no_next_per_mille,
      no_children_per_mille, tight_memory, fan_out, ms(push_life), push_silence_per_mille,
      push_break_per_mille, push_refused_per_mille, lanes, retries_max, ms(age_max), bisect,
      poison_per_mille, partial_per_mille, destination_fail_per_mille, hang_per_mille,
      ms(tumbling));
  text += fmt::format(" waiting_keys={} spill<={} of {} keys swap={}", waiting_keys,
                      spill_records_max, spill_keys_max, swap_per_mille);
  return text;
}

}  // namespace kt::sim
