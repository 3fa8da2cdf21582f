#include "faults/oracle.h"

#include <algorithm>
#include <iterator>
#include <map>
#include <ostream>
#include <set>
#include <unordered_map>
#include <unordered_set>

namespace postrider::test {
namespace {

class Comparison {
 public:
  explicit Comparison(const std::vector<Committed>& committed) {
    findings_.committed = committed.size();
    std::map<std::string, EventId> last;
    for (const Committed& event : committed) {
      EventId& before = last[event.key];
      predecessor_[event.id] = event.key.empty() ? 0 : before;
      before = event.id;
    }
  }

  void Look(const Arrival& arrival) {
    ++findings_.arrivals;
    const auto known = predecessor_.find(arrival.event);
    if (known == predecessor_.end()) return Note(findings_.invented, arrival, "invented");
    const bool first = arrived_.insert(arrival.event).second;
    const EventId before = known->second;
    if (first && before != 0 && accepted_.count(before) == 0) {
      Note(findings_.out_of_order, arrival, "before event " + std::to_string(before));
    }
    const EventId owner = owners_.emplace(arrival.idempotency_key, arrival.event).first->second;
    const auto& key = keys_.emplace(arrival.event, arrival.idempotency_key).first->second;
    if (owner != arrival.event || key != arrival.idempotency_key) {
      Note(findings_.mixed_keys, arrival, "under a strange idempotency key");
    }
    if (accepted_.count(arrival.event) > 0) ++findings_.duplicates;
    if (!arrival.accepted()) ++findings_.refused;
    if (arrival.accepted()) accepted_.insert(arrival.event);
  }

  Findings Finish() {
    for (const auto& [id, before] : predecessor_) {
      if (accepted_.count(id) == 0) Note(findings_.lost, {.event = id}, "lost");
    }
    return findings_;
  }

 private:
  void Note(std::size_t& count, const Arrival& arrival, const std::string& what) {
    ++count;
    if (findings_.example.empty()) {
      findings_.example = "event " + std::to_string(arrival.event) + ' ' + what;
    }
  }

  Findings findings_;
  std::map<EventId, EventId> predecessor_;  ///< of every committed event, of its key; 0: none
  std::unordered_set<EventId> arrived_;
  std::unordered_set<EventId> accepted_;
  std::unordered_map<std::string, EventId> owners_;
  std::unordered_map<EventId, std::string> keys_;
};

}  // namespace

std::ostream& operator<<(std::ostream& out, const Findings& f) {
  out << f.committed << " committed, " << f.arrivals << " arrivals, " << f.lost << " lost, "
      << f.invented << " invented, " << f.duplicates << " duplicates, " << f.refused << " refused, "
      << f.mixed_keys << " mixed keys, " << f.out_of_order << " out of order";
  return f.example.empty() ? out : out << " (" << f.example << ')';
}

std::vector<Committed> ReadCommitted(Shop& shop) {
  const auto session = shop.Connect();
  const Rows rows = session->Execute(
      "oracle", "SELECT id, key FROM outbox.event WHERE duplicate_of IS NULL ORDER BY id");
  std::vector<Committed> committed;
  for (int i = 0; i < rows.size(); ++i) {
    committed.push_back({std::stoll(std::string(rows.Text(i, 0))), std::string(rows.Text(i, 1))});
  }
  return committed;
}

Findings Compare(const std::vector<Committed>& committed, const std::vector<Arrival>& arrivals) {
  Comparison comparison(committed);
  for (const Arrival& arrival : arrivals) comparison.Look(arrival);
  return comparison.Finish();
}

std::vector<Arrival> To(const std::string& path, const std::vector<Arrival>& arrivals) {
  std::vector<Arrival> found;
  std::copy_if(arrivals.begin(), arrivals.end(), std::back_inserter(found),
               [&](const Arrival& arrival) { return arrival.path == path; });
  return found;
}

}  // namespace postrider::test
