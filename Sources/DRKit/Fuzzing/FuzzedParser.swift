/// A parser as the fuzzer (`drctl bench fuzz`) sees it: bytes in, and either an error or nothing comes out. Every module that
/// reads what others wrote has a file `…Parsers.swift` that lists its own.
///
/// `package`: the fuzzer lives in another target, and nobody outside the package has a use for it.
package struct FuzzedParser: Sendable {
  /// As `--parser` takes it.
  package let name: String
  /// How many of a million inputs it gets, beside the others' shares: 100 is usual, less for what is slow.
  package let share: Int
  /// Small valid documents that are mutated; made when they are first needed.
  package let corpus: @Sendable () async throws -> [[UInt8]]
  /// Reads one input. Any error is a fine answer, as long as `complaint(about:)` has nothing to say of it.
  package let read: @Sendable ([UInt8]) async throws -> Void

  package init(
    _ name: String, share: Int = 100, corpus: @escaping @Sendable () async throws -> [[UInt8]],
    read: @escaping @Sendable ([UInt8]) async throws -> Void
  ) {
    self.name = name
    self.share = share
    self.corpus = corpus
    self.read = read
  }

  package init(
    _ name: String, share: Int = 100, _ corpus: [String],
    read: @escaping @Sendable ([UInt8]) async throws -> Void
  ) {
    self.init(name, share: share, corpus: { corpus.map { Array($0.utf8) } }, read: read)
  }

  /// Bytes of UTF-8 that no error text is longer than: a whole input must not be thrown back at whoever reads it.
  package static let longestError = 4_096

  /// What is wrong with an error as a text for a human; nil if nothing is.
  package static func complaint(about error: any Error) -> String? {
    let text = String(describing: error)
    if let flaw = error as? FuzzedFlaw { return flaw.text }
    if text.isEmpty { return "an error without a text" }
    if text.utf8.count > longestError { return "an error text of \(text.utf8.count) bytes" }
    // An escape sequence in a file name would be obeyed by the terminal that shows the error.
    if let control = text.unicodeScalars.first(where: OneLine.isObeyed) {
      return "an error text with the control character \(control.value)"
    }
    return nil
  }
}

/// Thrown by a parser's `read` when an answer is no error and yet wrong: a property that does not hold.
package struct FuzzedFlaw: Error {
  package let text: String

  package init(_ text: String) { self.text = text }
}
