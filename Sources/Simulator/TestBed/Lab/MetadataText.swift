import DRKit

/// A file of `KEY=VALUE` lines that ends with `EOF`: a volume's `.meta` as it lies on a storage domain, whoever wrote it.
/// Lines keep their order and what is not understood; vdsm changes single values the same way.
struct MetadataText: Hashable, Sendable {
  private var lines: [String]

  init(_ text: String) {
    lines = text.split(separator: "\n").map(String.init)
  }

  subscript(key: String) -> String? {
    get { lines.first { $0.hasPrefix(key + "=") }.map { String($0.dropFirst(key.utf8.count + 1)) } }
    set {
      guard let newValue, let index = lines.firstIndex(where: { $0.hasPrefix(key + "=") }) else { return }
      lines[index] = "\(key)=\(newValue)"
    }
  }

  var text: String { lines.map { $0 + "\n" }.joined() }
}
