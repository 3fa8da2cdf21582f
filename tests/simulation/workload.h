#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <set>
#include <string>

#include "simulation/world.h"

namespace postrider::simulation {

/// The application: transactions of every shape that insert events. A key is locked by its
/// transaction before it inserts, so that the order of a key's ids is that of its transactions.
class Workload {
 public:
  explicit Workload(World& world) : world_(world) {}

  /// Produces until then. The object must outlive the run.
  void Start(Timestamp until);

 private:
  struct Transaction {
    InMemoryDatabase::Writer writer;
    std::size_t rows = 1;
    microseconds hold{0};  ///< between the last row and the end
    bool bulk = false;
    bool rolls_back = false;
    std::set<std::string> keys;
  };
  using Shared = std::shared_ptr<Transaction>;

  void Produce();
  Shared Plan();
  void InsertNext(const Shared& transaction);
  void End(const Shared& transaction);
  std::unique_ptr<Event> Draft(Transaction& transaction);
  std::optional<std::string> LockKey(Transaction& transaction);

  World& world_;
  Timestamp until_;
  std::set<std::string> locked_;
  std::uint64_t scripts_ = 0;
};

}  // namespace postrider::simulation
