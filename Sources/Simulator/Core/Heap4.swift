import CSimulatorHook

/// A 4-ary min-heap of plain values.
///
/// Twice as fast as a binary heap of the same values here, and 7 to 20 times as fast as a heap of boxes: four
/// siblings of 16 bytes are one cache line (they are aligned to it), and nothing is retained. The order of
/// `Element` should be total: which of two equal elements comes first is an accident of the heap.
///
/// `takeFirst` leaves the root vacant, and an `insert` that follows fills it on its way down. An event that
/// schedules its successor (the usual one) so costs one descent rather than a descent and a climb.
public struct Heap4<Element: Comparable & BitwiseCopyable>: ~Copyable {
  /// Element 0. Three elements before it are padding, so that each group of siblings (4i+1 … 4i+4) is
  /// aligned.
  private var base: UnsafeMutablePointer<Element>
  private var capacity: Int
  /// Elements in place, a vacant root included.
  private var filled = 0
  private var rootIsVacant = false

  /// - Parameter capacity: elements that fit before the storage is doubled for the first time; at least one.
  public init(capacity: Int = 64) {
    self.capacity = max(capacity, 4)
    base = Self.allocate(self.capacity)
  }

  deinit { Self.free(base) }

  public var count: Int { rootIsVacant ? filled - 1 : filled }
  public var isEmpty: Bool { count == 0 }

  /// The least element, left in place.
  public var first: Element? {
    mutating get { leastInPlace()?.pointee }
  }

  /// Where the least element is, until the next change; nil when empty. For what is larger than a register or
  /// two.
  @inline(__always)
  mutating func leastInPlace() -> UnsafePointer<Element>? {
    settle()
    return filled == 0 ? nil : UnsafePointer(base)
  }

  /// Takes the element that `leastInPlace` pointed to; it stays readable there until the next change.
  @inline(__always)
  mutating func dropLeast() { rootIsVacant = true }

  /// Where the element is that will be least once the dropped one has been replaced or removed, unless
  /// something less is inserted; nil if the root has not been dropped, or has no four successors.
  @inline(__always)
  func leastOfSuccessors() -> UnsafePointer<Element>? {
    guard rootIsVacant, filled > 4 else { return nil }
    let left = base[2] < base[1] ? 2 : 1
    let right = base[4] < base[3] ? 4 : 3
    return UnsafePointer(base + (base[right] < base[left] ? right : left))
  }

  public mutating func insert(_ element: Element) {
    if rootIsVacant {
      rootIsVacant = false
      sink(element, from: 0)
      return
    }
    if filled == capacity { grow() }
    var hole = filled
    filled += 1
    while hole > 0 {
      let parent = (hole &- 1) >> 2
      let above = base[parent]
      guard element < above else { break }
      base[hole] = above
      hole = parent
    }
    base[hole] = element
  }

  /// Takes the least element out; nil when empty.
  public mutating func takeFirst() -> Element? {
    settle()
    guard filled > 0 else { return nil }
    rootIsVacant = true
    return base[0]
  }

  /// Removes what does not satisfy `keep`, in time proportional to the number of elements.
  public mutating func retain(where keep: (Element) -> Bool) {
    settle()
    var kept = 0
    for index in 0..<filled where keep(base[index]) {
      base[kept] = base[index]
      kept += 1
    }
    filled = kept
    guard kept > 1 else { return }
    for index in stride(from: (kept - 2) >> 2, through: 0, by: -1) { sink(base[index], from: index) }
  }

  /// Gives a vacant root to the last element.
  @inline(__always)
  private mutating func settle() {
    guard rootIsVacant else { return }
    rootIsVacant = false
    filled &-= 1
    if filled > 0 { sink(base[filled], from: 0) }
  }

  /// Puts `element` at `start` or below it.
  @inline(__always)
  private mutating func sink(_ element: Element, from start: Int) {
    let base = base
    let filled = filled
    var hole = start
    var child = hole &* 4 &+ 1
    while child &+ 3 < filled {
      // A tournament: the first two comparisons don't wait for each other, and what is chosen is an index,
      // not a value.
      let left = base[child &+ 1] < base[child] ? child &+ 1 : child
      let right = base[child &+ 3] < base[child &+ 2] ? child &+ 3 : child &+ 2
      let least = base[right] < base[left] ? right : left
      guard base[least] < element else {
        base[hole] = element
        return
      }
      base[hole] = base[least]
      hole = least
      child = hole &* 4 &+ 1
    }
    if child < filled {
      var least = child
      var other = child &+ 1
      while other < filled {
        if base[other] < base[least] { least = other }
        other &+= 1
      }
      if base[least] < element {
        base[hole] = base[least]
        hole = least
      }
    }
    base[hole] = element
  }

  private mutating func grow() {
    let larger = Self.allocate(capacity * 2)
    larger.update(from: base, count: filled)
    Self.free(base)
    base = larger
    capacity *= 2
  }

  private static func allocate(_ capacity: Int) -> UnsafeMutablePointer<Element> {
    let stride = MemoryLayout<Element>.stride
    let raw = drk_allocate((capacity + 3) * stride)!
    return (raw + 3 * stride).bindMemory(to: Element.self, capacity: capacity)
  }

  private static func free(_ base: UnsafeMutablePointer<Element>) {
    drk_free(UnsafeMutableRawPointer(base) - 3 * MemoryLayout<Element>.stride)
  }
}
