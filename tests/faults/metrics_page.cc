#include "faults/metrics_page.h"

#include <algorithm>
#include <sstream>

namespace postrider::test {

double MetricsPage::Sum(const std::string& name, const std::vector<std::string>& labels) const {
  double sum = 0;
  bool found = false;
  std::istringstream page(text_);
  for (std::string line; std::getline(page, line);) {
    const std::size_t end = line.find_first_of("{ ");
    if (line.empty() || line[0] == '#' || line.substr(0, end) != name) continue;
    const bool matches = std::all_of(labels.begin(), labels.end(), [&](const std::string& label) {
      return line.find(label) != std::string::npos;
    });
    if (!matches) continue;
    found = true;
    sum += std::stod(line.substr(line.rfind(' ') + 1));
  }
  return found ? sum : -1;
}

}  // namespace postrider::test
