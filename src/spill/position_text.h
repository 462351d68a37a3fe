// spill/position_text.h — Positions as text that sorts as they do.
//
// Why: stores order by text. Sequence numbers are up to 129 digits without leading zeros, so their
// length goes first: "056" + digits + "/" + ten digits of the sub-sequence number, or "~" where
// the position is the end of a Kinesis record.
#pragma once
#include <string>
#include <string_view>

#include "model/sequence_number.h"

namespace kt::spill {

std::string position_text(const ExtendedSequenceNumber& position);
/// Corrupt when it is none.
Result<ExtendedSequenceNumber> parse_position(std::string_view text);

}  // namespace kt::spill
