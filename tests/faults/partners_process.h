#pragma once

#include <cstdint>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "faults/child_process.h"

namespace postrider::test {

/// A request as the fulfilment partner saw it.
struct Seen {
  std::int64_t at_us = 0;
  std::string outcome;  ///< accepted, limited, banned, the mode of a fault, ...
  int status = 0;
};

/// The stand-in of the fulfilment partner as a process, with its limits and its ban.
class PartnersProcess {
 public:
  /// @param flags  such as `--per-second`
  PartnersProcess(const std::filesystem::path& directory, const std::vector<std::string>& flags);

  std::string Url() const { return address_ + "/v1/shipments"; }
  /// Makes it misbehave, as by `{"mode": "down"}`.
  void Control(const std::string& command) const;
  /// How many requests came to that; all, if empty.
  std::int64_t Count(const std::string& outcome = "") const;
  std::vector<Seen> Requests() const;

 private:
  nlohmann::json See() const;

  ChildProcess process_;
  std::string address_;
};

}  // namespace postrider::test
