#pragma once

namespace postrider {

class Exposition;

/// Adds the `process_*` metrics as /proc tells them now. What cannot be read is left out.
void AddProcessMetrics(Exposition& exposition);

}  // namespace postrider
