import DRKit

/// A path inside a volume: relative, `/` separated, without `.`, `..`, empty parts or NUL.
package struct VolumePath: Hashable, Sendable {
  /// At least one, unless it is the root.
  package var components: [String]

  package var text: String { components.joined(separator: "/") }
  package var name: String { components.last ?? "." }
  package var parent: [String] { components.dropLast() }

  /// A file's path.
  /// - Throws: `.unfit`: such a path never comes from a volume.
  package init(_ text: String) throws(DRError) {
    try self.init(directory: text)
    guard !components.isEmpty else { throw Self.invalid(text, "it is empty") }
  }

  /// A directory's path; `""` and `"."` are the volume's root.
  package init(directory text: String) throws(DRError) {
    guard text != "", text != "." else {
      components = []
      return
    }
    guard !text.utf8.contains(0) else { throw Self.invalid(text, "it holds a NUL byte") }
    guard !text.hasPrefix("/") else { throw Self.invalid(text, "it is absolute") }
    guard text.utf8.count < 4096 else { throw Self.invalid(text, "it is longer than 4,095 bytes") }
    components = text.split(separator: "/", omittingEmptySubsequences: false).map(String.init)
    for part in components {
      if part.isEmpty || part == "." || part == ".." { throw Self.invalid(text, "it has a part \"\(part)\"") }
      if part.utf8.count > 255 { throw Self.invalid(text, "it has a part longer than 255 bytes") }
    }
  }

  private static func invalid(_ text: String, _ reason: String) -> DRError {
    DRError(
      .unfit, "use a path of a volume", String(text.prefix(200)), reason: reason,
      remedy: "use a path below the volume's root")
  }
}
