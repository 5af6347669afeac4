'use strict';
// Telling an agent who looks elsewhere: the count in the title, a sound, a notification of the desktop.

const savedAlerts = remembered('localStorage', 'agent-alerts');
const alerts = { sound: false, desktop: false, ...jsonObject(savedAlerts.read()) };
const TITLE = document.title;

function showTitle() {
  const unread = ticketsOf('answer').filter(isUnread).length;
  const title = unread ? `(${unread}) ${TITLE}` : TITLE;
  if (document.title !== title) document.title = title;
}

/** Tell of tickets in which a customer just wrote. */
function alertTo(tickets) {
  if (!tickets.length) return;
  if (alerts.sound) beep();
  if (alerts.desktop && document.hidden) tickets.slice(0, 3).forEach(notify);
}

function beep() {
  const audio = alerts.audio ??= new AudioContext();
  audio.resume();  // it waits for the agent's first click in the page
  const tone = audio.createOscillator();
  const volume = audio.createGain();
  tone.frequency.value = 660;
  volume.gain.setValueAtTime(0.12, audio.currentTime);
  volume.gain.exponentialRampToValueAtTime(0.001, audio.currentTime + 0.35);
  tone.connect(volume).connect(audio.destination);
  tone.start();
  tone.stop(audio.currentTime + 0.35);
}

function notify(ticket) {
  const notification = new Notification(ticket.last_reply_at ? 'The customer wrote again' : 'A customer waits', {
    body: ticket.subject, tag: ticket.ticket_id,
  });
  notification.onclick = () => {
    window.focus();
    location.hash = `#/tickets/${encodeURIComponent(ticket.ticket_id)}`;
    notification.close();
  };
}

function saveAlerts() {
  savedAlerts.write(JSON.stringify({ sound: alerts.sound, desktop: alerts.desktop }));
  byId('sound').checked = alerts.sound;
  byId('desktop').checked = alerts.desktop;
}

/** Switch notifications on or off; the browser asks the agent only here, after a click. */
async function switchDesktop(isWanted) {
  // Chrome on Android has the class and lets no page use it without a worker.
  const canNotify = 'Notification' in window && !/Android/.test(navigator.userAgent);
  const isAllowed = isWanted && canNotify && await Notification.requestPermission() === 'granted';
  byId('desktop-note').hidden = isAllowed || !isWanted;
  byId('desktop-note').textContent = canNotify ? 'Your browser blocks notifications of this page. Allow them in its settings for this address.' : 'This browser shows no notifications of pages.';
  alerts.desktop = isAllowed;
  saveAlerts();
}

byId('sound').addEventListener('change', (event) => {
  alerts.sound = event.target.checked;
  if (alerts.sound) beep();
  saveAlerts();
});
byId('desktop').addEventListener('change', (event) => switchDesktop(event.target.checked));
alerts.desktop &&= window.Notification?.permission === 'granted';
saveAlerts();
