#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "faults/child_process.h"
#include "postrider/model/event.h"

namespace postrider::test {

/// A request as the receiver has recorded it.
struct Arrival {
  std::int64_t time_us = 0;  ///< since 1970
  EventId event = 0;
  std::string idempotency_key = "";
  int attempt = 0;
  int status = 0;  ///< that was answered; 0: none
  std::string path = "";

  bool accepted() const { return status / 100 == 2; }
};

/// The recording receiver as a process, in place of a partner.
class ReceiverProcess {
 public:
  explicit ReceiverProcess(const std::filesystem::path& directory);

  std::string Url(const std::string& path) const { return address_ + path; }
  /// @param behaviour  JSON with the fields of receiver/behaviour.h
  void Control(const std::string& behaviour) const;
  /// Requests that have arrived.
  std::uint64_t Count() const;
  /// All that has arrived, in order.
  std::vector<Arrival> Arrivals() const;

 private:
  std::filesystem::path record_;
  ChildProcess process_;
  std::string address_;
};

}  // namespace postrider::test
