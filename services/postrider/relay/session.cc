#include "relay/session.h"

#include <algorithm>
#include <condition_variable>
#include <mutex>
#include <random>

#include "postrider/postgres/conninfo.h"

namespace postrider {
namespace {

constexpr milliseconds kFirstWait{100};
constexpr milliseconds kLongestWait{5000};
/// A connection that lasted this long was a good one: the next fault begins with a short wait.
constexpr seconds kLasted{5};

}  // namespace

Session::Session(const DatabaseAccess& access, std::string purpose)
    : access_(access), purpose_(std::move(purpose)), random_(std::random_device{}()) {}

void Session::Run(std::stop_token stop, const std::function<void(Connection&)>& work) {
  while (!stop.stop_requested()) {
    bool connected = false;
    const auto began = std::chrono::steady_clock::now();
    try {
      Connection connection(
          MakeConninfo(access_.settings, access_.secrets, "postrider/" + purpose_));
      connected = true;
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
                           connected ? "A statement failed; connecting anew."
                                     : "Cannot connect to the database; trying again. Check "
                                       "database.url and that the server runs.",
                           {{"purpose", purpose}, {"error", message}, {"in_a_row", faults_}});
}

void Session::Wait(std::stop_token stop) {
  const int doublings = std::min(faults_ - 1, 6);
  const auto longest = std::min(kLongestWait, kFirstWait * (1 << doublings));
  const auto wait =
      std::chrono::duration_cast<milliseconds>(longest * (0.5 + 0.5 * random_.Uniform01()));
  std::mutex mutex;
  std::condition_variable_any wakes;
  std::unique_lock lock(mutex);
  wakes.wait_for(lock, stop, wait, [] { return false; });
}

}  // namespace postrider
