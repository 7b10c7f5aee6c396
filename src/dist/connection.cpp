// SPDX-License-Identifier: Apache-2.0
//
// How a connection begins, is kept alive, and ends.
#include "dist/connection_impl.hpp"

#include <sedge/term/spare_memory.hpp>

#include <algorithm>

namespace sedge::dist {

connection::impl::impl(connection& self, environment& env, established link, connection_events& events,
                       connection_options options)
    : self_(self), env_(env), events_(events), options_(options), link_(std::move(link)),
      remote_(link_.stream->remote()),
      decoder_(link_.peer.chosen,
               {limits::fragment_sequences_max, options.message_bytes_max,
                std::max(options.unfinished_bytes_max, options.message_bytes_max), limits::fragment_time_max},
               {link_.self, link_.peer.name.full}),
      gathers_(dynamic_cast<wire::gathers*>(link_.stream.get())),
      lets_gather_(dynamic_cast<wire::lets_gather*>(link_.stream.get())),
      frames_(wire::frame_width::four, options.message_bytes_max), outgoing_(link_.peer.chosen),
      ticker_(options.tick_time), all_written_(env), queue_(std::make_shared<queue_state>(env)) {
    if (options_.watch) watcher_.emplace(env_, static_cast<watched&>(*this), link_, *options_.watch);
}

void connection::impl::start() {
    read_at_ = env_.now();
    take_leftover();
    env_.arm(tick_timer_, next_tick_time());
    tasks_.start(read());
    if (!end_of_turn_.queued()) env_.ready(end_of_turn_); // what all have to say to a new peer goes out together
    if (watcher_) watcher_->start();
}

void connection::impl::close(error reason) {
    if (!open_) return;
    open_ = false;
    down_reason_ = std::move(reason);
    link_.stream->close();
    tick_timer_.disarm();
    if (watcher_) watcher_->stop();
    stall_timer_.disarm();
    release_spare_memory();
    all_written_.set();
    queue_->note_room();
    env_.ready(down_notice_);
}

detector::sight connection::impl::look() const {
    return {outgoing_.size() > 0 || link_.stream->held() > 0, wire::delivered(*link_.stream)};
}

void connection::impl::put(const control_message& message, const term* payload) {
    if (!open_ || !is_expressible(message, link_.peer.chosen)) return;
    outgoing_.push(message, payload, nullptr);
    leave();
}

void connection::impl::put_tick() {
    if (outgoing_.size() > 0) return;
    outgoing_.push_tick();
    ticker_.on_written();
    write();
}

void connection::impl::on_tick_time() {
    release_spare_memory();
    if (auto in_time = decoder_.check(env_.now()); !in_time) return close(in_time.error().within(name()));
    if (counts_.bytes_in == bytes_at_check_) ++counts_.ticks_missed;
    bytes_at_check_ = counts_.bytes_in;
    const auto verdict = ticker_.check();
    if (verdict.peer_is_down) return close(error{errc::tick_timeout, name() + " does not respond"});
    if (verdict.send_tick && outgoing_.size() == 0) {
        outgoing_.push_tick();
        write();
    }
    if (open_) env_.arm(tick_timer_, next_tick_time());
}

time_point connection::impl::next_tick_time() const {
    const time_point due = env_.now() + ticker_.interval();
    return ticker_.interval() < seconds{5} ? due : due - due.time_since_epoch() % seconds{1};
}

void connection::impl::report_down() {
    tasks_.cancel();
    const error reason = *down_reason_;
    events_.on_down(self_, reason);
}

connection::connection(environment& env, established link, connection_events& events, connection_options options)
    : impl_(std::make_unique<impl>(*this, env, std::move(link), events, options)) {}
connection::~connection() = default;

void connection::start() { impl_->start(); }
const peer_identity& connection::peer() const noexcept { return impl_->link().peer; }
wire::endpoint connection::remote() const { return impl_->remote(); }
const std::string& connection::certificate() const noexcept { return impl_->link().certificate; }
bool connection::initiated_here() const noexcept { return impl_->link().initiated_here; }
bool connection::is_open() const noexcept { return impl_->is_open(); }
void connection::close(error reason) { impl_->close(std::move(reason)); }
task<> connection::room() { return impl_->room(); }
bool connection::has_room() const noexcept { return impl_->has_room(); }
task<> connection::flushed() { return impl_->flushed(); }
std::size_t connection::queued_bytes() const noexcept { return impl_->queued_bytes(); }
const connection::counters& connection::counts() const noexcept { return impl_->counts(); }

} // namespace sedge::dist
