// The screens in our shops: no hooks, one page.
import {Socket} from "phoenix"
import LiveSocket from "phoenix_live_view" // error: [liveview/legacy-js-client]

const csrfToken = document.querySelector("meta[name='csrf-token']").getAttribute("content")
const liveSocket = new LiveSocket("/live", Socket, {params: {_csrf_token: csrfToken}})

liveSocket.connect()
