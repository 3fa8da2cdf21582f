#include "postrider/message/describe.h"

#include <algorithm>
#include <string_view>

namespace postrider {
namespace {

constexpr std::string_view kMask = "***";

/// The query with each value masked; a parameter without `=` is masked whole.
std::string MaskedQuery(std::string_view query) {
  std::string masked;
  for (std::size_t begin = 0; begin <= query.size();) {
    const auto end = std::min(query.find('&', begin), query.size());
    const std::string_view parameter = query.substr(begin, end - begin);
    if (begin > 0) masked += '&';
    if (const auto equals = parameter.find('='); equals != std::string_view::npos) {
      masked += parameter.substr(0, equals + 1);
    }
    if (!parameter.empty()) masked += kMask;
    begin = end + 1;
  }
  return masked;
}

}  // namespace

std::string Describe(const HttpRequest& request) {
  std::string_view url = request.url;
  url = url.substr(0, url.find('#'));
  const auto question = url.find('?');
  std::string_view place = url.substr(0, question);

  std::string text = request.method + ' ';
  if (const auto scheme = place.find("://"); scheme != std::string_view::npos) {
    text += place.substr(0, scheme + 3);
    place.remove_prefix(scheme + 3);
    const std::string_view authority = place.substr(0, place.find('/'));
    if (const auto at = authority.rfind('@'); at != std::string_view::npos) {
      text += kMask;
      place.remove_prefix(at);
    }
  }
  text += place;
  if (question != std::string_view::npos) text += '?' + MaskedQuery(url.substr(question + 1));
  return text;
}

}  // namespace postrider
