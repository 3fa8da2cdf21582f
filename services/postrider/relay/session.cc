#include "relay/session.h"

#include <algorithm>
#include <condition_variable>
#include <mutex>
#include <random>

#include "postrider/postgres/conninfo.h"

namespace postrider {
namespace {

constexpr milliseconds kFirstWait{100};
/// A connection that lasted this long was a good one: the next fault begins with a short wait.
constexpr seconds kLasted{5};
/// What runs when stop is requested may take so much longer: a network that answers nothing must
/// not hold up the end.
constexpr milliseconds kLastWords{5000};

std::string AdviceOnStatement(const std::string& error) {
  if (error.find("permission denied") != std::string::npos) {
    return "The user of database.url lacks a right: GRANT outbox_relay TO it, and run 'postrider "
           "migrate' if that does not help; trying again.";
  }
  return "A statement failed; connecting anew.";
}

std::string AdviceOnConnecting(const std::string& error) {
  // What libpq says of a server that only reads.
  if (error.find("read-only") != std::string::npos) {
    return "The server only reads: it is a standby. Name the primary, or all hosts, in "
           "database.url; trying again.";
  }
  if (error.find("unsupported startup parameter") != std::string::npos) {
    return "A pooler does not take a parameter of database.url or of the PG* variables. Leave it "
           "out, or name it in ignore_startup_parameters of PgBouncer; trying again.";
  }
  return "Cannot connect to the database; trying again. Check database.url and that the server "
         "runs.";
}

}  // namespace

Session::Session(const DatabaseAccess& access, std::string purpose, milliseconds longest_wait)
    : access_(access),
      purpose_(std::move(purpose)),
      longest_wait_(longest_wait),
      random_(std::random_device{}()) {}

void Session::Run(std::stop_token stop, const std::function<void(Connection&)>& work) {
  while (!stop.stop_requested()) {
    bool connected = false;
    const auto began = std::chrono::steady_clock::now();
    try {
      Connection connection(
          MakeConninfo(access_.settings, access_.secrets, "postrider/" + purpose_));
      connected = true;
      const std::stop_callback hurry(stop, [&connection] { connection.EndWithin(kLastWords); });
      work(connection);
      return;
    } catch (const DatabaseFault& fault) {
      Report(fault.what(), fault.query_name(), connected);
    } catch (const std::exception& error) {
      Report(error.what(), purpose_, connected);
    }
    if (connected && std::chrono::steady_clock::now() - began > kLasted) faults_ = 0;
    Wait(stop);
  }
}

void Session::Report(const std::string& message, const std::string& purpose, bool connected) {
  ++faults_;
  access_.metrics.relay().CountDatabaseError(purpose);
  access_.repeated.Warning(connected ? "database_error" : "database_unreachable",
                           connected ? AdviceOnStatement(message) : AdviceOnConnecting(message),
                           {{"purpose", purpose}, {"error", message}, {"in_a_row", faults_}});
}

void Session::Wait(std::stop_token stop) {
  const int doublings = std::min(faults_ - 1, 6);
  const auto longest = std::min(longest_wait_, kFirstWait * (1 << doublings));
  const auto wait =
      std::chrono::duration_cast<milliseconds>(longest * (0.5 + 0.5 * random_.Uniform01()));
  std::mutex mutex;
  std::condition_variable_any wakes;
  std::unique_lock lock(mutex);
  wakes.wait_for(lock, stop, wait, [] { return false; });
}

}  // namespace postrider
