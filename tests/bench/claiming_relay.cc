// A relay of the usual kind, to compare the database's cost with: it claims 500 jobs at a time with
// an UPDATE, sends each, and deletes them, as graphile-worker does with batches. It is as lean as
// can be: it repeats nothing and has no settings.
//
//   claiming_relay CONNECTION URL IN_FLIGHT
#include <condition_variable>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <deque>
#include <mutex>
#include <pqxx/pqxx>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "postrider/http/event_loop.h"
#include "postrider/http/http_client.h"

namespace postrider {
namespace {

constexpr char kClaim[] = R"(
UPDATE job SET locked_at = now(), locked_by = $1, attempts = attempts + 1
WHERE id IN (SELECT id FROM job WHERE locked_at IS NULL AND run_at <= now()
             ORDER BY priority, run_at, id LIMIT 500 FOR UPDATE SKIP LOCKED)
RETURNING id, payload, topic, attempts, max_attempts)";
constexpr char kDelete[] = "DELETE FROM job WHERE id = ANY ($1)";
/// One claims and deletes while the other waits for answers.
constexpr int kWorkers = 2;

/// The jobs that a worker has claimed.
struct Batch {
  std::mutex mutex;
  std::condition_variable wakes;
  std::size_t unanswered = 0;  ///< guarded by mutex
  std::string delivered;       ///< array literal of ids; guarded by mutex
};

/// All of it belongs to the loop's thread, Add excepted.
class Sender {
 public:
  Sender(EventLoop& loop, std::string url, std::size_t in_flight)
      : loop_(loop), client_(loop), url_(std::move(url)), in_flight_(in_flight) {}

  struct Job {
    std::string id;
    std::string payload;
    Batch* batch;
  };
  void Add(std::vector<Job> jobs) {
    loop_.Post([this, jobs = std::move(jobs)]() mutable {
      for (Job& job : jobs) waiting_.push_back(std::move(job));
      SendWaiting();
    });
  }

 private:
  void SendWaiting() {
    while (!waiting_.empty() && client_.in_flight() < in_flight_) {
      Send(std::move(waiting_.front()));
      waiting_.pop_front();
    }
  }

  void Send(Job job) {
    HttpRequest request;
    request.url = url_;
    request.headers = {{"Content-Type", "application/json"}, {"Idempotency-Key", job.id}};
    request.body = std::move(job.payload);
    client_.Start(std::move(request), nullptr,
                  [this, id = std::move(job.id), batch = job.batch](const HttpAnswer& answer) {
                    OnAnswer(id, *batch, answer.status == 200);
                    SendWaiting();
                  });
  }

  static void OnAnswer(const std::string& id, Batch& batch, bool delivered) {
    const std::lock_guard lock(batch.mutex);
    if (delivered) batch.delivered += (batch.delivered.empty() ? "{" : ",") + id;
    if (--batch.unanswered == 0) batch.wakes.notify_one();
  }

  EventLoop& loop_;
  HttpClient client_;
  const std::string url_;
  const std::size_t in_flight_;
  std::deque<Job> waiting_;
};

/// Until there is nothing to claim.
void Work(const std::string& connection_string, Sender& sender) {
  pqxx::connection connection(connection_string);
  {
    pqxx::work prepare(connection);
    prepare.exec(std::string("PREPARE claim (text) AS ") + kClaim);
    prepare.exec(std::string("PREPARE remove (bigint[]) AS ") + kDelete);
    prepare.commit();
  }
  while (true) {
    std::vector<Sender::Job> jobs;
    Batch batch;
    {
      pqxx::work claim(connection);
      for (const auto& row : claim.exec("EXECUTE claim ('worker')")) {
        jobs.push_back({row[0].c_str(), row[1].c_str(), &batch});
      }
      claim.commit();
    }
    if (jobs.empty()) return;
    batch.unanswered = jobs.size();
    sender.Add(std::move(jobs));
    std::unique_lock lock(batch.mutex);
    batch.wakes.wait(lock, [&] { return batch.unanswered == 0; });
    if (batch.delivered.empty()) throw std::runtime_error("nothing was delivered");
    pqxx::work remove(connection);
    remove.exec("EXECUTE remove ('" + batch.delivered + "}')");
    remove.commit();
  }
}

}  // namespace
}  // namespace postrider

int main(int argc, char** argv) {
  using namespace postrider;
  if (argc != 4) {
    std::fprintf(stderr, "usage: claiming_relay CONNECTION URL IN_FLIGHT\n");
    return 2;
  }
  std::signal(SIGPIPE, SIG_IGN);
  EventLoop loop;
  Sender sender(loop, argv[2], std::stoul(argv[3]));
  std::thread sending([&loop] { loop.Run(); });
  {
    std::vector<std::jthread> workers;
    for (int i = 0; i < kWorkers; ++i) {
      workers.emplace_back([&] {
        try {
          Work(argv[1], sender);
        } catch (const std::exception& error) {
          std::fprintf(stderr, "claiming_relay: %s\n", error.what());
          std::exit(1);
        }
      });
    }
  }
  loop.Stop();
  sending.join();
  return 0;
}
