//! Users' messages: handed to the loop, and handed out as they come.

use std::time::Instant;

use anyhow::{Context as _, Result};
use tokio::io::AsyncReadExt as _;
use tokio::net::unix::{ReadHalf, WriteHalf};
use tokio::sync::oneshot;
use tokio::time::timeout;

use super::{ORDER_PATIENCE, Visit, write};
use crate::control::command::Reply;
use crate::control::message::{self, Message};
use crate::control::places::FOLLOWERS;
use crate::request::{Request, Unsent};

impl Visit<'_> {
    /// Has a message sent, and waits until it is there or given up.
    pub(super) async fn pass_message(
        &self,
        writer: &mut WriteHalf<'_>,
        to: String,
        body: Option<String>,
        base64: Option<String>,
    ) -> Result<()> {
        if let Some(refusal) = self.refusal("heartbeat send") {
            return self.reply(writer, &refusal).await;
        }
        let content = match message::content(body, base64) {
            Ok(content) => content,
            Err(why) => return self.reply(writer, &Reply::Error(why)).await,
        };
        let (answer, wait) = oneshot::channel();
        let asked = async {
            self.desk
                .requests
                .send(Request::Send(to, content, answer))
                .await
                .context("the agent is stopping")?;
            wait.await.context("the agent is stopping")
        };
        let sent = timeout(ORDER_PATIENCE, asked)
            .await
            .context("wait for the agent's loop")??;
        let bytes = match sent {
            Ok(line) => [Reply::Line(line).bytes(), Reply::Done(1).bytes()].concat(),
            Err(Unsent::Wrong(why)) => Reply::Error(why).bytes(),
            Err(Unsent::Undelivered(why)) => Reply::Undelivered(why).bytes(),
        };
        self.send(writer, &bytes).await
    }

    /// Hands out messages as they come, until there were so many, the client leaves, or the agent ends. A client
    /// that is gone is looked for before each, because what was written to it counts as received.
    pub(super) async fn receive(
        &self,
        client: &mut ReadHalf<'_>,
        writer: &mut WriteHalf<'_>,
        count: Option<u64>,
    ) -> Result<()> {
        if !self.place.follow(Instant::now()) {
            let why = format!(
                "{FOLLOWERS} clients follow the events or receive messages already: end one of them"
            );
            return self.reply(writer, &Reply::Busy(why)).await;
        }
        let mut receiver = self.desk.shelf.receive();
        write(writer, &Reply::Receiving(receiver.waiting()).bytes()).await?;
        let mut received = 0;
        while count != Some(received) {
            let mut byte = [0];
            let parcel = tokio::select! {
                biased;
                // The end of the stream, or a client that says more than there is to say.
                _ = client.read(&mut byte) => return Ok(()),
                parcel = receiver.next() => parcel,
            };
            let Some(parcel) = parcel else {
                return Ok(());
            };
            write(writer, &Message::of(&parcel).bytes()).await?;
            receiver.received();
            received += 1;
        }
        self.reply(writer, &Reply::Done(received)).await
    }
}
