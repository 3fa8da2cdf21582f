#include "postgres/random/writers.h"

#include <algorithm>
#include <chrono>
#include <memory>

namespace postrider::test {
namespace {

constexpr std::size_t kMaxPrepared = 10;  // the server allows 20
constexpr std::chrono::milliseconds kPause{5};

std::string Select(std::int64_t rows) {
  return "INSERT INTO outbox.event (topic, key) SELECT CASE WHEN n % 8 = 0 THEN 'b.x' ELSE 'a.x' "
         "END, 'k' || n % 100 FROM generate_series(1, " +
         std::to_string(rows) + ") n";
}

}  // namespace

/// One producer's session with its own random numbers.
class Writers::Session {
 public:
  Session(const std::string& conninfo, std::uint64_t seed) : conninfo_(conninfo), random_(seed) {}

  std::int64_t Between(std::int64_t low, std::int64_t high) {
    return std::uniform_int_distribution<std::int64_t>(low, high)(random_);
  }
  bool Chance(int percent) { return Between(1, 100) <= percent; }

  void Run(const std::string& sql) {
    if (!connection_) connection_ = std::make_unique<Connection>(conninfo_);
    connection_->Execute("test", sql);
  }
  void Drop() { connection_.reset(); }

  /// Ends the open transaction; returns how many rows it committed.
  std::int64_t End(std::int64_t rows, int percent_rolled_back) {
    const bool commit = !Chance(percent_rolled_back);
    Run(commit ? "COMMIT" : "ROLLBACK");
    return commit ? rows : 0;
  }
  void Sleep(std::int64_t max_ms) {
    Run("SELECT pg_sleep(" + std::to_string(Between(0, max_ms)) + " / 1000.0)");
  }

  std::int64_t OneRow() {
    Run("INSERT INTO outbox.event (topic, payload) VALUES ('a.one', '{\"n\": 1}')");
    return 1;
  }
  std::int64_t ManyRows() {
    const std::int64_t rows = Between(2, 300);
    std::string values = "('b.many', 'k')";
    for (std::int64_t i = 1; i < rows; ++i) values += ", ('a.many', 'k')";
    Run("INSERT INTO outbox.event (topic, key) VALUES " + values);
    return rows;
  }
  std::int64_t Savepoints() {
    const std::int64_t rows = Between(1, 400);
    Run("BEGIN");
    Run("SAVEPOINT a; " + Select(rows) + "; SAVEPOINT b; " + Select(Between(1, 100)) +
        "; ROLLBACK TO SAVEPOINT b; " + (Chance(50) ? "RELEASE SAVEPOINT a" : "SAVEPOINT c"));
    return End(rows, 20);
  }
  std::int64_t Long() {
    const std::int64_t rows = Between(1, 50);
    Run("BEGIN");
    Run(Select(rows));
    Sleep(2500);
    Run("INSERT INTO outbox.event (topic) VALUES ('b.late')");
    return End(rows + 1, 25);
  }
  std::int64_t Bulk() {
    const std::int64_t rows = Between(5'000, 40'000);
    Run("BEGIN");
    Run(Select(rows));
    Sleep(1500);
    return End(rows, 12);
  }
  std::int64_t Copy() {
    const std::int64_t rows = Between(100, 4000);
    Run("COPY outbox.event (topic) FROM PROGRAM 'yes b.copied | head -n " + std::to_string(rows) +
        "'");
    return rows;
  }
  std::int64_t Prepare(const std::string& name) {
    const std::int64_t rows = Between(1, 1500);
    Run("BEGIN");
    Run(Select(rows));
    Run("PREPARE TRANSACTION '" + name + "'");
    return rows;
  }

 private:
  const std::string conninfo_;
  std::mt19937_64 random_;
  std::unique_ptr<Connection> connection_;
};

Writers::Writers(Options options) : options_(std::move(options)) {
  working_ = writing_ = options_.threads;
  for (int i = 0; i < options_.threads; ++i) {
    const std::uint64_t seed = options_.seed * 1000 + static_cast<std::uint64_t>(i);
    threads_.emplace_back([this, seed] { Write(seed); });
  }
}

Writers::~Writers() { Stop(); }

void Writers::Stop() {
  stop_ = true;
  for (std::thread& thread : threads_) {
    if (thread.joinable()) thread.join();
  }
}

void Writers::Write(std::uint64_t seed) {
  Session session(options_.conninfo, seed);
  int prepared = 0;
  while (!stop_ && committed_ < options_.events) {
    if (options_.too_far_ahead(committed_)) {
      std::this_thread::sleep_for(kPause);
      continue;
    }
    try {
      const std::int64_t kind = session.Between(1, 100);
      std::int64_t rows = 0;
      if (kind <= 26)
        rows = session.OneRow();
      else if (kind <= 50)
        rows = session.ManyRows();
      else if (kind <= 64)
        rows = session.Savepoints();
      else if (kind <= 71)
        rows = session.Long();
      else if (kind <= 77)
        rows = session.Bulk();
      else if (kind <= 87)
        rows = session.Copy();
      else {
        const std::string name = std::to_string(seed) + "-" + std::to_string(++prepared);
        const std::int64_t waiting = session.Prepare(name);
        const std::lock_guard lock(mutex_);
        prepared_.push_back({name, waiting});
      }
      committed_ += rows;
      DecidePrepared(session, false);
    } catch (const DatabaseFault&) {
      session.Drop();
      std::this_thread::sleep_for(kPause);
    }
  }
  // The last one to stop decides what is left, crashes included.
  if (--writing_ == 0) DecideLeftovers();
  --working_;
}

void Writers::DecidePrepared(Session& session, bool all) {
  std::vector<Prepared> due;
  {
    const std::lock_guard lock(mutex_);
    while (!prepared_.empty() && (all || prepared_.size() > kMaxPrepared || session.Chance(30))) {
      due.push_back(prepared_.front());
      prepared_.pop_front();
    }
  }
  for (const Prepared& transaction : due) {
    const bool commit = !session.Chance(25);
    session.Run((commit ? "COMMIT PREPARED '" : "ROLLBACK PREPARED '") + transaction.name + "'");
    if (commit) committed_ += transaction.rows;
  }
}

void Writers::DecideLeftovers() {
  // A fault in between may have left transactions that no list names any more.
  for (int attempt = 0; attempt < 1000; ++attempt) {
    try {
      Connection connection(options_.conninfo);
      const Rows rows = connection.Execute("test", "SELECT gid FROM pg_prepared_xacts");
      for (int row = 0; row < rows.size(); ++row) {
        connection.Execute("test", "COMMIT PREPARED '" + std::string(rows.Text(row, 0)) + "'");
      }
      return;
    } catch (const DatabaseFault&) {
      std::this_thread::sleep_for(kPause * 10);
    }
  }
}

}  // namespace postrider::test
