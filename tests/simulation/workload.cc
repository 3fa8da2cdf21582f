#include "simulation/workload.h"

#include <utility>

#include "simulation/in_memory_commit.h"

namespace postrider::simulation {
namespace {

constexpr std::uint64_t kKeys = 40;

std::string TopicOf(std::uint64_t draw) {
  if (draw < 45) return "a.x";
  if (draw < 75) return "b.x";
  if (draw < 92) return "c.x";
  return draw < 97 ? "nobody.x" : "audit.x";
}

}  // namespace

void Workload::Start(Timestamp until) {
  until_ = until;
  Produce();
}

void Workload::Produce() {
  if (world_.time.now() >= until_) return;
  Shared transaction = Plan();
  transaction->writer = world_.database.BeginWriting();
  world_.time.After(world_.chance.Around(microseconds(500)),
                    [this, transaction] { InsertNext(transaction); });
  world_.time.After(world_.chance.Around(milliseconds(7)), [this] { Produce(); });
}

Workload::Shared Workload::Plan() {
  Chance& chance = world_.chance;
  auto transaction = std::make_shared<Transaction>();
  transaction->rows = 1 + chance.Below(4);
  transaction->hold = chance.Around(milliseconds(3));
  transaction->rolls_back = chance.OneIn(12);
  if (chance.OneIn(25)) transaction->hold = chance.Between(milliseconds(300), milliseconds(3000));
  if (chance.OneIn(150)) {
    transaction->bulk = true;
    transaction->rows = 60 + chance.Below(150);
    transaction->hold = chance.Between(milliseconds(5), milliseconds(400));
  }
  return transaction;
}

std::optional<std::string> Workload::LockKey(Transaction& transaction) {
  if (world_.chance.OneIn(3)) return std::nullopt;
  std::string key = "k" + std::to_string(world_.chance.Below(kKeys));
  if (transaction.keys.contains(key)) return key;
  if (!locked_.insert(key).second) return std::nullopt;
  transaction.keys.insert(key);
  return key;
}

std::unique_ptr<Event> Workload::Draft(Transaction& transaction) {
  Chance& chance = world_.chance;
  auto event = std::make_unique<Event>();
  event->topic = TopicOf(chance.Below(100));
  event->key = LockKey(transaction);
  event->slot = static_cast<std::int32_t>(
      event->key ? std::hash<std::string>{}(*event->key) % kSlots : chance.Below(kSlots));
  event->body = std::to_string(++scripts_);
  if (chance.OneIn(60)) event->body += std::string(2 * kInlineBytes, ' ');
  event->body_bytes = event->body.size();
  if (chance.OneIn(50)) event->duplicate_of = 1;
  const Timestamp now = world_.time.now();
  if (chance.OneIn(25)) event->deliver_after = now + chance.Around(milliseconds(500));
  if (chance.OneIn(40)) event->deliver_before = now + chance.Around(milliseconds(150));
  return event;
}

void Workload::InsertNext(const Shared& transaction) {
  if (!world_.database.Lives(transaction->writer)) return End(transaction);
  std::unique_ptr<Event> draft = Draft(*transaction);
  draft->identity.id = world_.database.Reserve(transaction->writer, *draft);
  draft->identity.recorded_at = world_.database.UniqueNow();
  const microseconds between =
      transaction->bulk ? microseconds(20) : world_.chance.Around(microseconds(400));
  world_.time.After(between, [this, transaction, row = draft.release()]() mutable {
    std::unique_ptr<Event> event(row);
    if (!world_.database.Lives(transaction->writer)) return End(transaction);
    world_.database.Insert(transaction->writer, std::move(event));
    if (--transaction->rows > 0) return InsertNext(transaction);
    world_.time.After(transaction->hold, [this, transaction] { End(transaction); });
  });
}

void Workload::End(const Shared& transaction) {
  if (transaction->rolls_back) {
    world_.statistics.Count("rollbacks");
    world_.database.Rollback(transaction->writer);
  } else {
    world_.database.Commit(transaction->writer);
  }
  for (const std::string& key : transaction->keys) locked_.erase(key);
}

}  // namespace postrider::simulation
