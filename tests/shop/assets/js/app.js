import "phoenix_html"
import {Socket} from "phoenix"
import {LiveSocket} from "phoenix_live_view"

const Hooks = {
  // Puts the cursor at the end of a field that has just been shown.
  FocusEnd: {
    mounted() {
      this.el.focus()
      this.el.setSelectionRange(this.el.value.length, this.el.value.length)
    },
  },
}

const csrfToken = document.querySelector("meta[name='csrf-token']").getAttribute("content")

const liveSocket = new LiveSocket("/live", Socket, {
  longPollFallbackMs: 2500,
  params: {_csrf_token: csrfToken},
  hooks: Hooks,
})

liveSocket.connect()

window.liveSocket = liveSocket
