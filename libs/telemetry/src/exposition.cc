#include "exposition.h"

#include <sstream>
#include <vector>

#include <prometheus/text_serializer.h>

namespace postrider {

void Exposition::Add(const catalog::Family& family, Labels labels, double value) {
  prometheus::ClientMetric metric;
  metric.counter.value = value;
  metric.gauge.value = value;
  Add(family, labels, std::move(metric));
}

void Exposition::Add(const catalog::Family& family, Labels labels,
                     const prometheus::Counter& counter) {
  Add(family, labels, counter.Collect());
}

void Exposition::Add(const catalog::Family& family, Labels labels,
                     const prometheus::Histogram& histogram) {
  Add(family, labels, histogram.Collect());
}

void Exposition::Add(const catalog::Family& family, Labels labels,
                     prometheus::ClientMetric metric) {
  for (const auto& [name, value] : labels) {
    metric.label.push_back({std::string(name), std::string(value)});
  }
  Entry(family).metric.push_back(std::move(metric));
}

prometheus::MetricFamily& Exposition::Entry(const catalog::Family& family) {
  prometheus::MetricFamily& entry = families_[family.name];
  if (entry.name.empty()) {
    entry.name = family.name;
    entry.help = family.help;
    entry.type = family.type;
  }
  return entry;
}

std::string Exposition::Text() const {
  std::vector<prometheus::MetricFamily> families;
  families.reserve(families_.size());
  for (const auto& [name, family] : families_) families.push_back(family);
  std::ostringstream out;
  prometheus::TextSerializer().Serialize(out, families);
  return std::move(out).str();
}

}  // namespace postrider
