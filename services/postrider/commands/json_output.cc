#include "commands/json_output.h"

#include <iostream>
#include <nlohmann/json.hpp>

namespace postrider {

void PrintJson(const Json& value) {
  std::cout << value.dump(2, ' ', false, Json::error_handler_t::replace) << "\n";
}

void PrintItems(const Json& rows) { PrintJson(Json{{"items", rows}}); }

}  // namespace postrider
