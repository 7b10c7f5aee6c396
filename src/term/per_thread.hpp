// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <utility>

namespace sedge {

/// One `T` for each thread, made when it is first asked for. Null while the thread ends: what is destroyed after its
/// `T`, objects of `main` and other threads' included, may still ask.
template <class T>
class per_thread {
public:
    static T* get() {
        if (current_ == nullptr && !ended_) [[unlikely]]
            make();
        return current_;
    }

private:
    struct owner {
        owner() : one(new T) { current_ = one; }
        owner(const owner&) = delete;
        ~owner() {
            ended_ = true;
            current_ = nullptr;
            delete one;
        }
        T* one;
    };
    [[gnu::noinline]] static void make() {
        static thread_local const owner mine;
        (void)mine;
    }
    static inline thread_local constinit T* current_ = nullptr;
    static inline thread_local constinit bool ended_ = false;
};

} // namespace sedge
