// aws/xml.h — One value out of an XML answer.
//
// Why: SNS and S3 answer in XML, and of each answer one or two short texts matter. This is no XML
// parser: it finds an element by its name.
#pragma once
#include <string>
#include <string_view>

namespace kt::aws {

/// The text of the first element of that name, its references resolved; empty where there is none
/// within the first 64 KiB, or where it holds elements itself. At most 4 KiB. For untrusted input.
std::string xml_text(std::string_view document, std::string_view element);

}  // namespace kt::aws
