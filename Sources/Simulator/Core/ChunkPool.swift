import CSimulatorHook

/// Unordered bags of scheduled entries, in chunks of 15 from one pool: appending and emptying walk through
/// memory in order, whatever the number of bags.
struct ChunkPool: ~Copyable {
  /// Names a bag's newest chunk; -1: the bag is empty.
  typealias Bag = Int32

  private struct Header {
    var next: Int32
    var count: Int32
    var padding: (UInt64, UInt64, UInt64) = (0, 0, 0)
  }

  static let chunkSize = 15
  /// Entries of a chunk and its header, in entries.
  private static let chunkStride = 16

  private var storage = PlainArray<Scheduled>(capacity: 1_024)
  private var firstFree: Bag = -1

  @inline(__always)
  mutating func append(_ entry: Scheduled, to bag: inout Bag) {
    if bag < 0 || header(bag).pointee.count == Self.chunkSize { addChunk(to: &bag) }
    let header = header(bag)
    let position = Int(header.pointee.count)
    header.pointee.count &+= 1
    storage[Int(bag) &* Self.chunkStride &+ 1 &+ position] = entry
  }

  /// Takes the bag's newest chunk apart from it, for `entry` and then `free`.
  @inline(__always)
  mutating func detach(from bag: inout Bag) -> (chunk: Bag, count: Int) {
    let chunk = bag
    let header = header(chunk)
    bag = header.pointee.next
    return (chunk, Int(header.pointee.count))
  }

  @inline(__always)
  func entry(_ chunk: Bag, _ position: Int) -> Scheduled {
    storage[Int(chunk) &* Self.chunkStride &+ 1 &+ position]
  }

  /// Asks for a bag's newest chunk, so that it is near when it is wanted.
  @inline(__always)
  func prefetch(_ bag: Bag) {
    guard bag >= 0 else { return }
    let line = UnsafeRawPointer(storage.base + Int(bag) &* Self.chunkStride)
    for offset in 0..<8 { drk_prefetch(line + offset &* 64) }
  }

  @inline(__always)
  mutating func free(_ chunk: Bag) {
    header(chunk).pointee.next = firstFree
    firstFree = chunk
  }

  @inline(__always)
  private func header(_ chunk: Bag) -> UnsafeMutablePointer<Header> {
    UnsafeMutableRawPointer(storage.base + Int(chunk) &* Self.chunkStride).assumingMemoryBound(
      to: Header.self)
  }

  private mutating func addChunk(to bag: inout Bag) {
    let chunk: Bag
    if firstFree >= 0 {
      chunk = firstFree
      firstFree = header(chunk).pointee.next
    } else {
      chunk = Bag(storage.count / Self.chunkStride)
      let blank = Scheduled(at: 0, tag: 0, kind: 0, a: 0, b: 0)
      for _ in 0..<Self.chunkStride { storage.append(blank) }
    }
    header(chunk).pointee = Header(next: bag, count: 0)
    bag = chunk
  }
}
